package hostile

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"millrace/test/harness"
)

const (
	// headLimit is how long a connection may take for what comes before the
	// body, bodyLimit how long its body may come at less than 1 KiB a second.
	headLimit = 5 * time.Second
	bodyLimit = 30 * time.Second
	// slack is for a busy machine.
	slack = 3 * time.Second
)

// dribbler sends what it has byte by byte.
type dribbler struct {
	name  string
	first string // sent at once
	rest  string // sent one byte a second, and then again
	limit time.Duration
}

var dribblers = []dribbler{
	{"header", "", "POST / HTTP/1.1\r\nHost: localhost\r\nA: bcdefghijklmnop", headLimit},
	{"endless header", "POST / HTTP/1.1\r\nHost: localhost\r\n", "A: b\r\n", headLimit},
	{"TLS hello", "", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("a", 32), headLimit},
	{"preface", "", preface, headLimit},
	{"body", head("PutRecord", jsonType) + "Content-Length: 100000\r\n\r\n", " ", bodyLimit},
	{"chunks", head("PutRecord", jsonType) + "Transfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n", bodyLimit},
}

// TestDribblers lets DRIBBLERS (3,000) clients send a byte a second, and
// wants each cut in its time and an honest client served meanwhile.
func TestDribblers(t *testing.T) {
	count := number(t, "DRIBBLERS", 3_000, 300)
	server := start(t, harness.Options{})
	alone := server.puts(t, 300)
	before := server.Memory(t).Now
	var mu sync.Mutex // guards cut
	cut := map[string][]time.Duration{}
	var wg sync.WaitGroup
	for i := range count {
		d := dribblers[i%len(dribblers)]
		if testing.Short() && d.limit == bodyLimit {
			continue
		}
		wg.Go(func() {
			took, err := d.run(server, byte(2+i%8))
			mu.Lock()
			defer mu.Unlock()
			if cut[d.name] = append(cut[d.name], took); err != nil {
				t.Errorf("%s: %v", d.name, err)
			}
		})
	}
	time.Sleep(time.Second)
	during := server.puts(t, 300)
	memory := server.Memory(t).Now
	wg.Wait()
	server.unharmed(t)
	t.Logf("D4: %d dribblers; memory %s before, %s beside them; p99 of a put %v alone, %v beside them", count, mebibytes(before), mebibytes(memory), alone, during)
	for _, d := range dribblers {
		all := cut[d.name]
		if len(all) == 0 {
			continue
		}
		slices.Sort(all)
		latest := all[len(all)-1]
		t.Logf("D4: %d with a %s are cut after %v to %v (limit %v)", len(all), d.name, all[0].Round(time.Millisecond), latest.Round(time.Millisecond), d.limit)
		if latest > d.limit+slack {
			t.Errorf("%s: one is cut after %v, want %v", d.name, latest, d.limit)
		}
	}
}

// run dribbles until the server closes the connection, and says how long that took.
func (d dribbler) run(server *target, source byte) (time.Duration, error) {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, source)}, Timeout: 20 * time.Second}
	conn, err := dialer.Dial("tcp", server.address())
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	begun := time.Now()
	conn.SetDeadline(begun.Add(d.limit + 15*time.Second))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		io.Copy(io.Discard, conn)
	}()
	if _, err := io.WriteString(conn, d.first); err != nil {
		return 0, err
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for i := 0; ; i++ {
		if _, err := conn.Write([]byte{d.rest[i%len(d.rest)]}); err != nil {
			return time.Since(begun), nil // reset
		}
		select {
		case <-ended:
			if took := time.Since(begun); took < d.limit+10*time.Second {
				return took, nil
			}
			return 0, fmt.Errorf("not cut")
		case <-tick.C:
		}
	}
}
