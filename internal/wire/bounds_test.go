package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"millrace/internal/ops"
	"millrace/kinesis/types"
)

func TestBudgetServesInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(10)
		var order []string
		take := func(name string, n int64) {
			go func() {
				got, err := b.acquire(t.Context(), n)
				if err != nil || got != min(n, 10) {
					t.Errorf("%s: %d, %v", name, got, err)
				}
				order = append(order, name)
			}()
			synctest.Wait()
		}
		take("first", 8)
		take("large", 99) // more than there is: gets all of it
		take("small", 1)  // would fit, but came later
		if len(order) != 1 {
			t.Fatalf("served %v", order)
		}
		b.release(8)
		synctest.Wait()
		b.release(10)
		synctest.Wait()
		if got := strings.Join(order, " "); got != "first large small" {
			t.Errorf("served %s", got)
		}
	})
}

func TestBudgetGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(10)
		held, _ := b.acquire(t.Context(), 6)
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		passed := make(chan int64, 1)
		go func() {
			time.Sleep(time.Millisecond)
			n, _ := b.acquire(t.Context(), 4)
			passed <- n
		}()
		if _, err := b.acquire(short, 10); err == nil {
			t.Error("got what was not there")
		}
		if n := <-passed; n != 4 {
			t.Errorf("who waited behind got %d", n)
		}
		b.release(held)
		b.release(4)
		if b.free != 10 || b.waiters.Len() != 0 {
			t.Errorf("free %d, %d waiting", b.free, b.waiters.Len())
		}
	})
}

// unsized hides the length of a reader, as a chunked body does.
type unsized struct{ io.Reader }

func TestBodyBounds(t *testing.T) {
	const limit = 300 << 10
	h := newHandler(t, Config{Bounds: Bounds{BodyBytes: limit}}, nil)
	for _, c := range []struct {
		name    string
		size    int
		chunked bool
		status  int
	}{
		{"small", 100, false, 200}, {"small, chunked", 100, true, 200},
		{"one buffer", unaccounted, false, 200}, {"one buffer and one byte", unaccounted + 1, false, 200},
		{"two buffers", 128 << 10, true, 200}, {"three buffers", 200 << 10, true, 200},
		{"limit", limit, false, 200}, {"limit, chunked", limit, true, 200},
		{"over", limit + 1, false, 413}, {"over, chunked", limit + 1, true, 413}, {"far over, chunked", 3 * limit, true, 413},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := call("ListStreams", "")
			text := "{}" + strings.Repeat(" ", c.size-2)
			r.ContentLength, r.Body = int64(c.size), io.NopCloser(strings.NewReader(text))
			if c.chunked {
				r.ContentLength, r.Body = -1, io.NopCloser(unsized{strings.NewReader(text)})
			}
			resp := answerTo(h, r)
			if body := bodyOf(t, resp); resp.StatusCode != c.status || c.status == 413 && !strings.HasPrefix(body, `{"__type":"RequestEntityTooLargeException"`) {
				t.Errorf("got %d %s", resp.StatusCode, body)
			}
			if h.bodies.free != h.bodies.total {
				t.Errorf("%d bytes of the budget are lost", h.bodies.total-h.bodies.free)
			}
		})
	}
}

func TestBodyCutShort(t *testing.T) {
	h := newHandler(t, Config{}, nil)
	r := call("ListStreams", "")
	r.ContentLength, r.Body = 100, io.NopCloser(io.MultiReader(strings.NewReader("{}"), iotestErr{}))
	resp := answerTo(h, r)
	if body := bodyOf(t, resp); resp.StatusCode != 400 || !strings.HasPrefix(body, `{"__type":"MalformedHttpRequestException"`) {
		t.Errorf("got %d %s", resp.StatusCode, body)
	}
}

type iotestErr struct{}

func (iotestErr) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestNoRoomForBodies(t *testing.T) {
	h := newHandler(t, Config{Bounds: Bounds{QueueTime: time.Millisecond}}, nil)
	held, _ := h.bodies.acquire(t.Context(), h.bodies.total)
	text := "{}" + strings.Repeat(" ", unaccounted)
	resp := answerTo(h, call("ListStreams", text))
	if body := bodyOf(t, resp); resp.StatusCode != 503 || !strings.HasPrefix(body, `{"__type":"ServiceUnavailable"`) {
		t.Errorf("got %d %s", resp.StatusCode, body)
	}
	if resp := answerTo(h, call("ListStreams", "{}")); resp.StatusCode != 200 {
		t.Errorf("a small body got %d", resp.StatusCode)
	}
	h.bodies.release(held)
	if resp := answerTo(h, call("ListStreams", text)); resp.StatusCode != 200 {
		t.Errorf("with room again: %d", resp.StatusCode)
	}
}

func TestTooManyRequests(t *testing.T) {
	h := newHandler(t, Config{Bounds: Bounds{Requests: 1}}, nil)
	h.active.Add(1)
	if resp := answerTo(h, call("ListStreams", "{}")); resp.StatusCode != 503 {
		t.Errorf("got %d", resp.StatusCode)
	}
	h.active.Add(-1)
	if resp := answerTo(h, call("ListStreams", "{}")); resp.StatusCode != 200 {
		t.Errorf("got %d", resp.StatusCode)
	}
}

func TestLargeAnswersAreStreamedAndCounted(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789"), 100<<10)
	var h *Handler
	h = newHandler(t, Config{}, func(_ context.Context, _ ops.Caller, _ ops.Operation, in any) (any, error) {
		if h.answers.free != h.answers.total-largestPage {
			t.Errorf("while reading, %d are free", h.answers.free)
		}
		return &types.GetRecordsOutput{Records: []types.Record{{Data: data}, {Data: data}}, NextShardIterator: new("n")}, nil
	})
	resp := answerTo(h, call("GetRecords", `{"ShardIterator":"x"}`))
	body := bodyOf(t, resp)
	if resp.ContentLength != int64(len(body)) {
		t.Errorf("Content-Length %d of %d", resp.ContentLength, len(body))
	}
	var got struct {
		Records           []struct{ Data []byte }
		NextShardIterator string
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil || len(got.Records) != 2 || !bytes.Equal(got.Records[1].Data, data) || got.NextShardIterator != "n" {
		t.Errorf("%d records, %v", len(got.Records), err)
	}
	if h.answers.free != h.answers.total {
		t.Errorf("%d bytes of the budget are lost", h.answers.total-h.answers.free)
	}
}

func TestInputOfPutsLivesUntilTheCallEnds(t *testing.T) {
	h := newHandler(t, Config{}, func(_ context.Context, _ ops.Caller, _ ops.Operation, in any) (any, error) {
		switch in := in.(type) {
		case *types.PutRecordsInput:
			return &types.PutRecordsOutput{Records: []types.PutRecordsResultEntry{{ShardId: new(string(in.Records[0].Data))}}}, nil
		case *types.PutRecordInput:
			return &types.PutRecordOutput{ShardId: new(string(in.Data) + *in.PartitionKey)}, nil
		}
		return nil, nil
	})
	for range 3 {
		resp := answerTo(h, call("PutRecords", `{"Records":[{"Data":"aGVsbG8=","PartitionKey":"k"}],"StreamName":"s"}`))
		if body := bodyOf(t, resp); !strings.Contains(body, `"hello"`) {
			t.Errorf("PutRecords: %s", body)
		}
		resp = answerTo(h, call("PutRecord", `{"StreamName":"s","Data":"aGVsbG8=","PartitionKey":"k"}`))
		if body := bodyOf(t, resp); !strings.Contains(body, `"hellok"`) {
			t.Errorf("PutRecord: %s", body)
		}
	}
}

func BenchmarkListStreams(b *testing.B) {
	h := newHandler(b, Config{}, nil)
	h.log = nil
	h2, _ := New(Config{Ops: fake(func(context.Context, ops.Caller, ops.Operation, any) (any, error) {
		return &types.ListStreamsOutput{}, nil
	})})
	h2.lookup = h.lookup
	b.ReportAllocs()
	for b.Loop() {
		h2.ServeHTTP(httptest.NewRecorder(), call("ListStreams", "{}"))
	}
}

// TestMemoryFollowsWhatCame sends little of what it promises.
func TestMemoryFollowsWhatCame(t *testing.T) {
	for _, c := range []struct{ came, promised, want int64 }{
		{0, 1, unaccounted}, {unaccounted, unaccounted + 1, 2 * unaccounted}, {unaccounted, 16 << 20, 8 * unaccounted},
		{128 << 10, 16 << 20, 1 << 20}, {128 << 10, 700 << 10, 1 << 20}, {128 << 10, 200 << 10, 256 << 10}, {8 << 20, 16 << 20, 16 << 20},
	} {
		b := body{budget: newBudget(1)}
		if c.came > 0 {
			b.pooled, b.class = new(make([]byte, c.came)), classFor(c.came)
			b.bytes = *b.pooled
		}
		b.grow(c.promised)
		if int64(cap(b.bytes)) != c.want || int64(len(b.bytes)) != c.came {
			t.Errorf("%d of %d bytes came: buffer of %d, want %d", c.came, c.promised, cap(b.bytes), c.want)
		}
	}
	for n, want := range map[int64]int{1: 0, unaccounted: 0, unaccounted + 1: 1, maxBodyBytes: bodyClasses - 1} {
		if classFor(n) != want || int64(classSize(want)) < n {
			t.Errorf("%d bytes: class %d", n, classFor(n))
		}
	}
}
