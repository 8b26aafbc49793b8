package hostile

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"millrace/test/harness"
)

// The most memory that an idle connection may cost.
const (
	plainCost = 24 << 10 // the goal is 20 KiB, and runs differ by one
	tlsCost   = 60 << 10
)

// TestIdleConnections holds CONNS (10,000 plain, a fifth as many in TLS)
// connections open that have had one answer and ask for no more.
func TestIdleConnections(t *testing.T) {
	count := number(t, "CONNS", 10_000, 2_000)
	t.Run("plain", func(t *testing.T) { idle(t, count, plainCost, nil) })
	t.Run("TLS", func(t *testing.T) {
		idle(t, count/5, tlsCost, &tls.Config{InsecureSkipVerify: true, ServerName: "localhost", NextProtos: []string{"http/1.1"}})
	})
}

func idle(t *testing.T, count int, allowed int64, config *tls.Config) {
	idleTime := time.Duration(number(t, "IDLE", 12, 5)) * time.Second // how long the server lets them be
	server := start(t, harness.Options{Args: []string{"--idle-timeout", idleTime.String()}})
	alone := server.puts(t, 300)
	server.stir(t)
	before := server.Memory(t).Now
	begun := time.Now()
	conns, err := server.crowd(count, config)
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	if err != nil {
		t.Fatal(err)
	}
	opened := time.Since(begun)
	with := server.Memory(t).Now
	crowded := server.puts(t, 300)
	each := (with - before) / int64(count)
	// Each is closed by the server, not before its time.
	conns[count-1].SetReadDeadline(time.Now().Add(idleTime + 5*time.Second))
	for _, c := range conns[:count-1] {
		c.SetReadDeadline(time.Now().Add(idleTime + 5*time.Second))
	}
	for i, c := range conns {
		if _, err := c.Read(make([]byte, 1)); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("connection %d is open after %v", i, idleTime+5*time.Second)
		}
	}
	server.unharmed(t)
	after, settled := server.settle(t, before)
	t.Logf("D3: %d idle connections, opened in %v: %.1f KiB each, %s in all (%s before); %s %v after the idle timeout; p99 of a put %v alone, %v beside them",
		count, opened.Round(time.Millisecond), float64(each)/1024, mebibytes(with), mebibytes(before), mebibytes(after), settled.Round(time.Second), alone, crowded)
	if each > allowed {
		t.Errorf("a connection costs %d bytes, allowed are %d", each, allowed)
	}
}

// settle waits up to SETTLE seconds (15) for the server's memory to be within a
// tenth of what it was before, and returns what it is and how long that took.
func (t *target) settle(tb testing.TB, before int64) (now int64, took time.Duration) {
	begun, most := time.Now(), time.Duration(number(tb, "SETTLE", 15, 1))*time.Second
	for {
		now, took = t.Memory(tb).Now, time.Since(begun)
		if now <= before+before/10 || took >= most {
			return now, took
		}
		time.Sleep(500 * time.Millisecond)
	}
}

// stir makes the server busy for a moment, so that its memory is that of a
// server that has served.
func (t *target) stir(tb testing.TB) { t.puts(tb, 500) }

// crowd opens connections and has one answer over each.
func (t *target) crowd(count int, config *tls.Config) ([]net.Conn, error) {
	conns := make([]net.Conn, count)
	failures := make([]error, 32)
	var wg sync.WaitGroup
	for w := range failures {
		wg.Go(func() {
			for i := w; i < count; i += len(failures) {
				// Several source addresses have several sets of ports.
				dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+i%8))}, Timeout: 20 * time.Second}
				conn, err := dialer.Dial("tcp", t.address())
				if err == nil {
					conns[i], err = greet(conn, config)
				}
				if err != nil {
					failures[w] = fmt.Errorf("connection %d: %w", i, err)
					return
				}
			}
		})
	}
	wg.Wait()
	open := conns[:0]
	for _, c := range conns {
		if c != nil {
			open = append(open, c)
		}
	}
	return open, errors.Join(failures...)
}

func greet(conn net.Conn, config *tls.Config) (net.Conn, error) {
	conn.SetDeadline(time.Now().Add(30 * time.Second))
	if config != nil {
		secure := tls.Client(conn, config)
		if err := secure.Handshake(); err != nil {
			conn.Close()
			return nil, err
		}
		conn = secure
	}
	if _, err := io.WriteString(conn, post("ListStreams", jsonType, "{}")); err != nil {
		return conn, err
	}
	res, err := http.ReadResponse(bufio.NewReaderSize(conn, 1024), nil)
	if err != nil {
		return conn, err
	}
	_, err = io.Copy(io.Discard, res.Body)
	res.Body.Close()
	conn.SetDeadline(time.Time{})
	if err == nil && res.StatusCode != 200 {
		err = errors.New(res.Status)
	}
	return conn, err
}
