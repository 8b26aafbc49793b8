package hostile

import (
	"bufio"
	"encoding/binary"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"millrace/test/harness"
)

// bomb is a small body that asks for a lot.
type bomb struct {
	name, media, header, body string
}

func cborLength(kind byte, n uint64) string {
	return string(binary.BigEndian.AppendUint64([]byte{kind<<5 | 27}, n))
}

var bombs = []bomb{
	{"2^32 bytes promised", cborType, "", "\xa1\x64Data" + cborLength(2, 1<<32)},
	{"2^32 characters promised", cborType, "", "\xa1\x6aStreamName" + cborLength(3, 1<<32)},
	{"2^32 elements promised", cborType, "", "\xa1\x67Records" + cborLength(4, 1<<32)},
	{"2^63 elements promised", cborType, "", "\xa1\x67Records" + cborLength(4, 1<<63)},
	{"2^32 members promised", cborType, "", cborLength(5, 1<<32)},
	{"2^64-1 members promised", cborType, "", cborLength(5, 1<<64-1)},
	{"2^64-1 bytes promised", cborType, "", "\xa1\x64Data" + cborLength(2, 1<<64-1)},
	{"10,000 arrays in one another, CBOR", cborType, "", "\xa1\x67Records" + strings.Repeat("\x81", 10_000)},
	{"10,000 maps in one another, CBOR", cborType, "", strings.Repeat("\xa1\x61a", 10_000)},
	{"10,000 endless arrays, CBOR", cborType, "", "\xbf\x67Records" + strings.Repeat("\x9f", 10_000)},
	{"a million tags on a value", cborType, "", "\xa1\x64Data" + strings.Repeat("\xc2", 1_000_000)},
	{"a million pieces of a string", cborType, "", "\xbf\x64Data\x5f" + strings.Repeat("\x40", 1_000_000)},
	{"10,000 arrays in one another, JSON", jsonType, "", `{"Records":` + strings.Repeat("[", 10_000)},
	{"1,000,000 arrays in one another, JSON", jsonType, "", `{"x":` + strings.Repeat("[", 1_000_000)},
	{"10,000 objects in one another, JSON", jsonType, "", strings.Repeat(`{"a":`, 10_000)},
	{"a million empty members", jsonType, "", `{` + strings.Repeat(`"a":0,`, 1_000_000) + `"b":`},
	{"a million tags", jsonType, "", `{"StreamName":"hostile","Tags":{` + strings.Repeat(`"a":"b",`, 1_000_000)},
	{"a million empty records", jsonType, "", `{"StreamName":"hostile","Records":[` + strings.Repeat(`{},`, 1_000_000) + `{}]}`},
	{"a million tag keys", jsonType, "", `{"StreamName":"hostile","TagKeys":[` + strings.Repeat(`"a",`, 1_000_000) + `"a"]}`},
	{"a number of a million digits", jsonType, "", `{"Limit":` + strings.Repeat("9", 1_000_000) + `}`},
	{"a million escapes", jsonType, "", `{"StreamName":"` + strings.Repeat(`\u0041`, 1_000_000) + `"}`},
	{"gzip", jsonType, "Content-Encoding: gzip\r\n", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + strings.Repeat("\x00", 1000)},
	{"zstd", cborType, "Content-Encoding: zstd\r\n", "\x28\xb5\x2f\xfd" + strings.Repeat("\x00", 1000)},
}

// struck are the operations that get the bombs.
var struck = []string{"PutRecord", "PutRecords", "CreateStream", "AddTagsToStream", "RemoveTagsFromStream", "ListStreams", "SubscribeToShard"}

// TestBombs sends each bomb to each operation, to a server that believes and
// to one that verifies, and wants it refused at no cost.
func TestBombs(t *testing.T) {
	for _, verify := range []bool{false, true} {
		name := map[bool]string{false: "anybody", true: "a stranger"}[verify]
		t.Run(name, func(t *testing.T) {
			server := start(t, harness.Options{Verify: verify})
			server.puts(t, 100)
			before, used := server.Memory(t).Now, server.CPU(t)
			var slowest time.Duration
			for _, b := range bombs {
				for _, operation := range struck {
					took := server.drop(t, b, operation)
					slowest = max(slowest, took)
				}
			}
			server.unharmed(t)
			after := server.Memory(t)
			sent := len(bombs) * len(struck)
			t.Logf("D7: %d bombs from %s: none taken, the slowest answer in %v, %v of processor time each; memory %s before, %s at most",
				sent, name, slowest.Round(time.Millisecond), (server.CPU(t)-used)/time.Duration(sent), mebibytes(before), mebibytes(after.Peak))
			if grown := after.Peak - before; grown > 96<<20 {
				t.Errorf("memory grew by %s", mebibytes(grown))
			}
		})
	}
}

// drop sends one bomb and returns how long the answer took.
func (t *target) drop(tb testing.TB, b bomb, operation string) time.Duration {
	tb.Helper()
	conn := t.dial(tb)
	defer conn.Close()
	text := post(operation, b.media, b.body)
	text = strings.Replace(text, "Content-Length", b.header+"Content-Length", 1)
	begun := time.Now()
	go io.WriteString(conn, text)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		tb.Errorf("%s to %s: %v", b.name, operation, err)
		return 0
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	took := time.Since(begun)
	if took > 2*time.Second {
		tb.Errorf("%s to %s took %v", b.name, operation, took)
	}
	if err := readable(res, string(body)); err != nil {
		tb.Errorf("%s to %s: %v", b.name, operation, err)
	}
	// ListStreams passes over members that it does not have.
	unread := operation == "ListStreams" && res.StatusCode == http.StatusOK
	if res.StatusCode != http.StatusBadRequest && !unread && !explained(res.StatusCode, string(body)) {
		tb.Errorf("%s to %s: %d %.200q, want 400", b.name, operation, res.StatusCode, body)
	}
	return took
}
