package server

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"strings"
	"testing"
	"time"

	"millrace/internal/wire"
	"millrace/internal/wire/eventstream"
)

// fanOut is a server with a stream s of one shard and a consumer of it.
func fanOut(t *testing.T, cfg Config) (s *Server, subscribe string) {
	t.Helper()
	s = newServer(t, cfg)
	call(t, s, "CreateStream", `{"StreamName":"s","ShardCount":1}`)
	return s, consumer(t, s, "c")
}

// consumer registers a consumer and gives the body of its SubscribeToShard.
func consumer(t *testing.T, s *Server, name string) (subscribe string) {
	t.Helper()
	status, answer := call(t, s, "RegisterStreamConsumer", `{"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s","ConsumerName":"`+name+`"}`)
	var out struct{ Consumer struct{ ConsumerARN string } }
	if err := json.Unmarshal([]byte(answer), &out); err != nil || status != 200 {
		t.Fatalf("%d %s", status, answer)
	}
	return fmt.Sprintf(`{"ConsumerARN":%q,"ShardId":"shardId-000000000000","StartingPosition":{"Type":"TRIM_HORIZON"}}`, out.Consumer.ConsumerARN)
}

func put(t *testing.T, s *Server, data []byte) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"StreamName": "s", "PartitionKey": "k", "Data": data})
	if err != nil {
		t.Fatal(err)
	}
	if status, answer := call(t, s, "PutRecord", string(body)); status != 200 {
		t.Fatalf("%d %s", status, answer)
	}
}

// message is the next message of a stream: its type, and the payload.
func message(t *testing.T, d *eventstream.Decoder) (kind, payload string) {
	t.Helper()
	m, err := d.Next()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{eventstream.HeaderEventType, eventstream.HeaderExceptionType} {
		if text, ok := m.Text(name); ok {
			kind = text
		}
	}
	return kind, string(m.Payload)
}

func eventually(t *testing.T, what string, within time.Duration, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(within); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("not within %v: %s", within, what)
}

// The answer as it stands on an HTTP/1.1 connection: head and first message at
// once, an event by an event, the end in order, and the connection as good as new.
func TestSubscribeOnTheWire(t *testing.T) {
	s, subscribe := fanOut(t, Config{SubscriptionLifetime: 400 * time.Millisecond})
	c := dial(t, s)
	send(t, c, whole("SubscribeToShard", subscribe))
	r := bufio.NewReader(c)
	head := ""
	for !strings.HasSuffix(head, "\r\n\r\n") {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		head += line
	}
	for _, want := range []string{"HTTP/1.1 200 OK\r\n", "\r\nContent-Type: application/vnd.amazon.eventstream\r\n",
		"\r\nTransfer-Encoding: chunked\r\n", "\r\nx-amzn-RequestId: ", "\r\nx-amz-id-2: "} {
		if !strings.Contains(head, want) {
			t.Errorf("no %q in %q", want, head)
		}
	}
	if strings.Contains(head, "Content-Length") {
		t.Errorf("a length in %q", head)
	}
	d := eventstream.NewDecoder(httputil.NewChunkedReader(r))
	if kind, payload := message(t, d); kind != "initial-response" || payload != "{}" {
		t.Fatalf("first message %s %s", kind, payload)
	}
	if kind, payload := message(t, d); kind != "SubscribeToShardEvent" || !strings.HasPrefix(payload, `{"Records":[],"ContinuationSequenceNumber":"496`) || !strings.HasSuffix(payload, `","MillisBehindLatest":0}`) {
		t.Fatalf("first event %s %s", kind, payload)
	}
	put(t, s, []byte("hello"))
	if _, payload := message(t, d); !strings.Contains(payload, `"Data":"aGVsbG8="`) || !strings.Contains(payload, `"PartitionKey":"k"`) {
		t.Errorf("second event %s", payload)
	}
	if _, err := d.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v", err)
	}
	if line, err := r.ReadString('\n'); line != "\r\n" || err != nil {
		t.Fatalf("behind the last chunk %q, %v", line, err)
	}
	send(t, c, whole("ListStreams", "{}"))
	if status, _, body := receive(t, r); status != 200 {
		t.Errorf("the next call on the connection: %d %s", status, body)
	}
}

func TestSubscribeRefusedIsAnOrdinaryAnswer(t *testing.T) {
	s, subscribe := fanOut(t, Config{})
	for name, body := range map[string]string{
		"ResourceNotFoundException": strings.Replace(subscribe, "shardId-000000000000", "shardId-000000000009", 1),
		"ValidationException":       strings.Replace(subscribe, "TRIM_HORIZON", "SOMEWHERE", 1),
		"SerializationException":    "[]",
	} {
		if status, answer := call(t, s, "SubscribeToShard", body); status != 400 || !jsonError(answer, name) {
			t.Errorf("%s: %d %s", name, status, answer)
		}
	}
}

// openStream subscribes with a client of net/http.
func openStream(t *testing.T, s *Server, client *http.Client, subscribe string) (*http.Response, context.CancelFunc) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	resp, err := client.Do(request(t, s, "SubscribeToShard", strings.NewReader(subscribe)).WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp, cancel
}

// everyClient runs a test over both versions of HTTP.
func everyClient(t *testing.T, test func(t *testing.T, client *http.Client)) {
	for _, version := range []string{"HTTP/1.1", "h2c", "HTTP/1.1 in TLS", "h2"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			var p http.Protocols
			p.SetHTTP1(strings.HasPrefix(version, "HTTP/1.1"))
			p.SetUnencryptedHTTP2(version == "h2c")
			p.SetHTTP2(version == "h2")
			transport := &http.Transport{Protocols: &p, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
			t.Cleanup(transport.CloseIdleConnections)
			client := &http.Client{Transport: transport}
			if version == "h2" || strings.HasSuffix(version, "TLS") {
				client.Transport = overTLS{transport}
			}
			test(t, client)
		})
	}
}

// overTLS sends in TLS what was meant for clear text.
type overTLS struct{ *http.Transport }

func (o overTLS) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme = "https"
	return o.Transport.RoundTrip(r)
}

// A stream goes on when the time of a call, and that of an answer, are over;
// a client that goes makes room at once.
func TestSubscribeOutlivesACall(t *testing.T) {
	everyClient(t, func(t *testing.T, client *http.Client) {
		s, subscribe := fanOut(t, Config{Bounds: wire.Bounds{CallTime: 50 * time.Millisecond, AnswerTime: 50 * time.Millisecond}})
		resp, leave := openStream(t, s, client, subscribe)
		d := eventstream.NewDecoder(resp.Body)
		message(t, d)
		message(t, d)
		time.Sleep(300 * time.Millisecond)
		put(t, s, []byte("late"))
		if _, payload := message(t, d); !strings.Contains(payload, `"Data":"bGF0ZQ=="`) {
			t.Errorf("got %s", payload)
		}
		leave()
		eventually(t, "the handler is done", 10*time.Second, func() bool { return s.handler.Active() == 0 })
		again, _ := openStream(t, s, client, subscribe)
		if again.StatusCode != 200 {
			t.Errorf("the next subscription: %d", again.StatusCode)
		}
	})
}

// fill puts more than a connection's buffers hold.
func fill(t *testing.T, s *Server) (records int) {
	t.Helper()
	for range 24 {
		put(t, s, make([]byte, 900<<10))
	}
	return 24
}

// Who reads slowly is held back, past the time that other answers get, and
// then gets everything.
func TestSubscribeSlowReader(t *testing.T) {
	everyClient(t, func(t *testing.T, client *http.Client) {
		s, subscribe := fanOut(t, Config{Bounds: wire.Bounds{AnswerTime: 100 * time.Millisecond}})
		records := fill(t, s)
		resp, _ := openStream(t, s, client, subscribe)
		time.Sleep(600 * time.Millisecond)
		d := eventstream.NewDecoder(resp.Body)
		for got := 0; got < records; {
			_, payload := message(t, d)
			got += strings.Count(payload, `"SequenceNumber":`)
		}
	})
}

// Who does not read at all is cut soon after the subscription has ended, and a
// shutdown need not wait for it to.
func TestSubscribeDeadReader(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	for _, end := range []string{"lifetime", "shutdown"} {
		t.Run(end, func(t *testing.T) {
			everyClient(t, func(t *testing.T, client *http.Client) {
				cfg := Config{Bounds: wire.Bounds{EndTime: time.Second}}
				if end == "lifetime" {
					cfg.SubscriptionLifetime = 300 * time.Millisecond
				}
				s, subscribe := fanOut(t, cfg)
				fill(t, s)
				resp, _ := openStream(t, s, client, subscribe)
				time.Sleep(time.Second) // until its buffers are full
				if end == "shutdown" {
					if err := s.Shutdown(t.Context()); err != nil {
						t.Error(err)
					}
				}
				// Closing TLS towards a reader that is gone takes up to 5 seconds more.
				eventually(t, "the handler is done", 20*time.Second, func() bool { return s.handler.Active() == 0 })
				// What it would read now must not look like a whole stream.
				d := eventstream.NewDecoder(resp.Body)
				var err error
				for err == nil {
					_, err = d.Next()
				}
				if errors.Is(err, io.EOF) {
					t.Error("a stream that was cut looks whole")
				}
			})
		})
	}
}

// A server that drains ends streams in order, whoever sits in them.
func TestSubscribeDrain(t *testing.T) {
	everyClient(t, func(t *testing.T, client *http.Client) {
		s, subscribe := fanOut(t, Config{})
		var streams []*http.Response
		for i := range 20 {
			resp, _ := openStream(t, s, client, consumer(t, s, fmt.Sprint("d", i)))
			streams = append(streams, resp)
		}
		resp, _ := openStream(t, s, client, subscribe)
		streams = append(streams, resp)
		started := time.Now()
		if err := s.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		if d := time.Since(started); d > 10*time.Second {
			t.Errorf("drained in %v", d)
		}
		for _, resp := range streams {
			if _, err := io.Copy(io.Discard, resp.Body); err != nil {
				t.Errorf("a stream ended with %v", err)
			}
		}
	})
}

// Exceptions in the stream are messages, and the stream ends in order.
func TestSubscribeException(t *testing.T) {
	everyClient(t, func(t *testing.T, client *http.Client) {
		s, subscribe := fanOut(t, Config{})
		resp, _ := openStream(t, s, client, subscribe)
		d := eventstream.NewDecoder(resp.Body)
		message(t, d)
		message(t, d)
		call(t, s, "DeleteStream", `{"StreamName":"s","EnforceConsumerDeletion":true}`)
		kind, payload := message(t, d)
		if kind != "ResourceNotFoundException" || payload != `{"message":"Stream s under account 000000000000 not found."}` {
			t.Errorf("got %s %s", kind, payload)
		}
		if _, err := d.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("behind it: %v", err)
		}
	})
}
