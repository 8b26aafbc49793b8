package hostile

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
)

// kind is one way in which a request can be wrong.
type kind struct {
	name string
	make func(*rand.Rand) string
}

var kinds = []kind{
	{"garbage", func(r *rand.Rand) string { return noise(r, 1+r.IntN(4000)) }},
	{"a broken request line", requestLine},
	{"a broken header", header},
	{"a long header", longHeader},
	{"many headers", func(r *rand.Rand) string {
		return "POST / HTTP/1.1\r\nHost: localhost\r\n" + strings.Repeat("A: b\r\n", 1+r.IntN(6000)) + "\r\n"
	}},
	{"broken chunks", chunks},
	{"two lengths", lengths},
	{"a pipeline", pipeline},
	{"a body cut short", func(r *rand.Rand) string {
		whole := valid(r)
		return whole[:r.IntN(len(whole))]
	}},
	{"a truncated document", document},
	{"changed bytes", mutated},
	{"HTTP/2", frames},
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

func noise(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	if b[0] == 0x16 { // a TLS hello that never ends is another test's
		b[0] = 0x17
	}
	return string(b)
}

// documents are bodies that are right, by operation.
var documents = [][2]string{
	{"ListStreams", `{"Limit":3}`},
	{"PutRecord", `{"StreamName":"hostile","PartitionKey":"k","Data":"aGVsbG8="}`},
	{"PutRecords", `{"StreamName":"hostile","Records":[{"PartitionKey":"k","Data":"aGVsbG8="},{"PartitionKey":"l","Data":""}]}`},
	{"GetShardIterator", `{"StreamName":"hostile","ShardId":"shardId-000000000000","ShardIteratorType":"LATEST"}`},
	{"DescribeStream", `{"StreamName":"hostile"}`},
	{"AddTagsToStream", `{"StreamName":"hostile","Tags":{"a":"b","c":"d"}}`},
	{"SubscribeToShard", `{"ConsumerARN":"arn:aws:kinesis:us-east-1:000000000000:stream/hostile/consumer/c:1","ShardId":"shardId-000000000000","StartingPosition":{"Type":"LATEST"}}`},
}

// inCBOR are bodies that are right, in CBOR.
var inCBOR = [][2]string{
	{"ListStreams", "\xa1\x65Limit\x03"},
	{"PutRecord", "\xbf\x6aStreamName\x67hostile\x6cPartitionKey\x61k\x64Data\x45hello\xff"},
	{"PutRecords", "\xa2\x6aStreamName\x67hostile\x67Records\x81\xa2\x6cPartitionKey\x61k\x64Data\x41a"},
}

func valid(r *rand.Rand) string {
	if r.IntN(4) == 0 {
		d := pick(r, inCBOR...)
		return post(d[0], cborType, d[1])
	}
	d := pick(r, documents...)
	return post(d[0], jsonType, d[1])
}

func requestLine(r *rand.Rand) string {
	line := pick(r, "POST", "POST /", "POST / HTTP/9.9", "POST / HTTP/1.", "POST  / HTTP/1.1", "post / http/1.1", "P\x00ST / HTTP/1.1",
		" POST / HTTP/1.1", "POST / HTTP/1.1 x", "POST \xff HTTP/1.1", "POST http://evil.example/ HTTP/1.1", "POST http://[::1 HTTP/1.1",
		"POST /%zz HTTP/1.1", "POST /../../etc/passwd HTTP/1.1", "CONNECT x:1 HTTP/1.1", "TRACE / HTTP/1.1", "OPTIONS * HTTP/1.1",
		"PRI * HTTP/2.0", "GET / HTTP/1.0", "HEAD / HTTP/1.1", "PUT / HTTP/1.1", "DELETE /x HTTP/1.1", "POST / HTTP/2.0", "POST / HTTP/0.9",
		"POST /"+strings.Repeat("a", r.IntN(70_000))+" HTTP/1.1", "POST /?"+noise(r, 40)+" HTTP/1.1", noise(r, 20)+" / HTTP/1.1")
	return line + pick(r, "\r\n", "\n", "\r", "") + "Host: localhost\r\nContent-Length: 2\r\n\r\n{}"
}

func header(r *rand.Rand) string {
	bad := pick(r, "NoColon", ": no name", "A B: c", "A\x00: b", "A: b\x00c", "A: b\rc", " folded: line", "\tfolded", "A : b",
		"Host: again", "Host:", "Content-Length: -1", "Content-Length: +2", "Content-Length: 2, 2", "Content-Length: 99999999999999999999",
		"Content-Length: 0x2", "Transfer-Encoding: gzip", "Transfer-Encoding: chunked, chunked", "Transfer-Encoding: \x0bchunked",
		"Expect: 100-continue", "Expect: the worst", "Connection: upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk", "Upgrade: websocket",
		"Content-Encoding: gzip", "Content-Type: \xff\xfe", "Content-Type: text/html", "X-Amz-Target: ", "X-Amz-Target: a\r\nX-Amz-Target: b",
		"Authorization: "+noise(r, 60), "Authorization: AWS4-HMAC-SHA256 Credential=////", "Authorization: AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=;;;, Signature=",
		"X-Amz-Date: 99999999T999999Z", "X-Amz-Date: ", "Origin: "+noise(r, 12), "Origin: null", "Sec-Fetch-Site: cross-site",
		noise(r, 30)+": "+noise(r, 30))
	body := pick(r, documents...)
	text := head(body[0], jsonType) + bad + "\r\n"
	if r.IntN(2) == 0 {
		text = strings.Replace(text, "Authorization", "X-Authorization", 1)
	}
	return text + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body[1]), body[1])
}

func longHeader(r *rand.Rand) string {
	n := pick(r, 20_000, 28<<10, 32<<10, 33<<10, 64<<10)
	if r.IntN(20) == 0 {
		n = 1 << 20
	}
	return head("ListStreams", jsonType) + "X-Long: " + strings.Repeat("a", n) + "\r\nContent-Length: 2\r\n\r\n{}"
}

func chunks(r *rand.Rand) string {
	body := pick(r, "2\r\n{}\r\n0\r\n\r\n", "2\r\n{}\r\n0", "2\r\n{}", "2{}\r\n0\r\n\r\n", "x\r\n{}\r\n0\r\n\r\n", "-2\r\n{}\r\n0\r\n\r\n",
		"ffffffffffffffff\r\n{}\r\n0\r\n\r\n", "fffffffffffffffff\r\n{}", "2\r\n{}0\r\n\r\n", "2\r\n{}xx0\r\n\r\n", "2;"+strings.Repeat("e", r.IntN(9000))+"\r\n{}\r\n0\r\n\r\n",
		"0x2\r\n{}\r\n0\r\n\r\n", "2 \r\n{}\r\n0\r\n\r\n", "2\n{}\n0\n\n", "0\r\nTrailer: x\r\n\r\n", "0\r\n"+strings.Repeat("T: x\r\n", 3000)+"\r\n",
		"1\r\n{\r\n1\r\n}\r\n0\r\n\r\nPOST / HTTP/1.1\r\n", strings.Repeat("1\r\n \r\n", r.IntN(3000))+"2\r\n{}\r\n0\r\n\r\n", noise(r, 50), "")
	return head(pick(r, documents...)[0], pick(r, jsonType, cborType)) + "Transfer-Encoding: chunked\r\n\r\n" + body
}

func lengths(r *rand.Rand) string {
	extra := pick(r, "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "Content-Length: 2\r\nContent-Length: 3\r\n", "Content-Length: 2\r\nContent-Length: 2\r\n",
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "Content-Length: 200000\r\n", "Content-Length: 16777217\r\n", "Content-Length: 16777216\r\n", "Content-Length: 1\r\n", "")
	return head("ListStreams", jsonType) + extra + "\r\n" + pick(r, "{}", "2\r\n{}\r\n0\r\n\r\n", "")
}

func pipeline(r *rand.Rand) string {
	var b strings.Builder
	for range 2 + r.IntN(12) {
		switch r.IntN(6) {
		case 0:
			b.WriteString(mutated(r))
		case 1:
			b.WriteString("\r\n")
		default:
			b.WriteString(valid(r))
		}
	}
	return b.String()
}

// document is a whole request whose document is not.
func document(r *rand.Rand) string {
	d, media := pick(r, documents...), jsonType
	if r.IntN(2) == 0 {
		d, media = pick(r, inCBOR...), cborType
	}
	body := d[1][:r.IntN(len(d[1])+1)]
	if r.IntN(2) == 0 {
		body = string(changed(r, []byte(d[1])))
	}
	return post(d[0], media, body)
}

func mutated(r *rand.Rand) string { return string(changed(r, []byte(valid(r)))) }

// changed changes, takes out or adds some bytes.
func changed(r *rand.Rand, b []byte) []byte {
	for range 1 + r.IntN(4) {
		if len(b) == 0 {
			return b
		}
		at := r.IntN(len(b))
		switch r.IntN(4) {
		case 0:
			b[at] ^= 1 << r.IntN(8)
		case 1:
			b[at] = byte(r.Uint32())
		case 2:
			b = append(b[:at:at], b[at+1:]...)
		case 3:
			b = append(b[:at:at], append([]byte(noise(r, 1+r.IntN(3))), b[at:]...)...)
		}
	}
	return b
}

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// frame is one of HTTP/2's.
func frame(kind, flags byte, stream uint32, payload string) string {
	b := []byte{byte(len(payload) >> 16), byte(len(payload) >> 8), byte(len(payload)), kind, flags}
	return string(binary.BigEndian.AppendUint32(b, stream)) + payload
}

// frames is the preface, mostly settings, and frames that do not belong.
func frames(r *rand.Rand) string {
	var b strings.Builder
	b.WriteString(preface)
	if r.IntN(4) > 0 {
		b.WriteString(frame(4, 0, 0, ""))
	}
	for range 1 + r.IntN(8) {
		f := frame(byte(r.IntN(12)), byte(r.Uint32()), uint32(r.IntN(5)), noise(r, 1+r.IntN(64)))
		if r.IntN(8) == 0 {
			f = string(changed(r, []byte(f)))
		}
		b.WriteString(f)
	}
	return b.String()
}
