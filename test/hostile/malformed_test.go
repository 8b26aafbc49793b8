package hostile

import (
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"millrace/test/harness"
)

// attackers is how many connections are open at a time.
const attackers = 16

// TestMalformed sends COUNT (20,000) requests that are wrong in one of many
// ways, each over a connection of its own. SEED repeats an earlier run.
func TestMalformed(t *testing.T) {
	count := number(t, "COUNT", 20_000, 4_000)
	seed := uint64(number(t, "SEED", int(time.Now().UnixNano()&0x7fffffff), 1))
	server := start(t, harness.Options{})
	before := server.Memory(t).Now
	begun := time.Now()
	var mu sync.Mutex // guards statuses
	statuses := map[int]int{}
	var wg sync.WaitGroup
	for a := range attackers {
		wg.Go(func() {
			for n := a; n < count && !t.Failed(); n += attackers {
				random := rand.New(rand.NewPCG(seed, uint64(n)))
				kind := kinds[random.IntN(len(kinds))]
				text := kind.make(random)
				tally := func(status int) {
					mu.Lock()
					defer mu.Unlock()
					statuses[status]++
				}
				if err := server.tell(text, random.IntN(8) == 0, tally); err != nil {
					t.Errorf("SEED=%d, number %d, %s: %v\n%.2000q", seed, n, kind.name, err, text)
				}
			}
		})
	}
	wg.Wait()
	server.unharmed(t)
	after := server.Memory(t)
	var told []string
	for _, status := range slices.Sorted(maps.Keys(statuses)) {
		told = append(told, fmt.Sprintf("%d: %d", status, statuses[status]))
	}
	t.Logf("D2: %d malformed connections in %v, SEED=%d; answers by status %v; memory %s before, %s at most",
		count, time.Since(begun).Round(time.Second), seed, told, mebibytes(before), mebibytes(after.Peak))
	if grown := after.Peak - before; grown > 256<<20 {
		t.Errorf("memory grew by %s", mebibytes(grown))
	}
}

// tell sends a text, ends the sending side, and judges what comes back; in
// pieces is with a pause in the middle.
func (t *target) tell(text string, inPieces bool, tally func(int)) error {
	conn, err := net.DialTimeout("tcp", t.address(), 10*time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	tcp := conn.(*net.TCPConn)
	tcp.SetLinger(0) // leaves no port waiting
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	// The server may well stop listening in the middle of it.
	if half := len(text) / 2; inPieces {
		io.WriteString(conn, text[:half])
		time.Sleep(time.Millisecond)
		text = text[half:]
	}
	go func() {
		io.WriteString(conn, text)
		tcp.CloseWrite()
	}()
	late := time.AfterFunc(18*time.Second, func() { conn.Close() })
	err = judge(conn, tally)
	if !late.Stop() {
		return fmt.Errorf("the connection is still open after 18 s")
	}
	return err
}
