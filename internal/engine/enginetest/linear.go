package enginetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"millrace/internal/engine"
)

// linearizable records histories of concurrent appends, reads and seals on one
// shard and asks whether an append log explains them.
func linearizable(t *testing.T, v *env) {
	for n := range 6 * v.Volume {
		r := ref(byte(n), 0)
		v.create(r)
		history := record(v, r, uint64(n))
		switch porcupine.CheckOperationsTimeout(shardModel, history, 20*time.Second) {
		case porcupine.Illegal:
			t.Fatalf("history %d is not that of an append log", n)
		case porcupine.Unknown:
			t.Fatalf("history %d was not decided in time", n)
		}
	}
}

type shardOp struct {
	kind byte // 'a'ppend, 'r'ead, 's'eal
	id   string
	from engine.Position
}

type shardResult struct {
	position engine.Position // append, seal
	refused  bool            // append: sealed
	ids      []string        // read
	at       []engine.Position
	ended    bool
}

// shardState is an append log: what stands where, and whether it is sealed.
type shardState struct {
	ids    []string
	at     []engine.Position
	sealed engine.Position // 0: open
}

var shardModel = porcupine.Model{
	Init: func() any { return shardState{} },
	Step: func(state, input, output any) (bool, any) {
		return step(state.(shardState), input.(shardOp), output.(shardResult))
	},
	Equal: func(a, b any) bool {
		x, y := a.(shardState), b.(shardState)
		return x.sealed == y.sealed && slices.Equal(x.at, y.at) && slices.Equal(x.ids, y.ids)
	},
}

func step(s shardState, op shardOp, res shardResult) (bool, any) {
	last := engine.Position(0)
	if len(s.at) > 0 {
		last = s.at[len(s.at)-1]
	}
	switch op.kind {
	case 'a':
		if res.refused {
			return s.sealed != 0, s
		}
		if s.sealed != 0 || res.position <= last {
			return false, s
		}
		return true, shardState{append(slices.Clone(s.ids), op.id), append(slices.Clone(s.at), res.position), 0}
	case 's':
		if s.sealed != 0 {
			return res.position == s.sealed, s
		}
		return res.position > last, shardState{s.ids, s.at, res.position}
	}
	i, _ := slices.BinarySearch(s.at, op.from)
	return slices.Equal(s.ids[i:], res.ids) && slices.Equal(s.at[i:], res.at) && res.ended == (s.sealed != 0), s
}

// record runs five clients against a shard and notes what each saw and when.
func record(v *env, r engine.ShardRef, seed uint64) []porcupine.Operation {
	var mu sync.Mutex
	var history []porcupine.Operation
	var now atomic.Int64
	var wg sync.WaitGroup
	for client := range 5 {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(seed, uint64(client)))
			for n := range 12 {
				op := pick(rnd, client, n)
				call := now.Add(1)
				res := v.perform(r, op)
				end := now.Add(1)
				mu.Lock()
				history = append(history, porcupine.Operation{ClientId: client, Input: op, Call: call, Output: res, Return: end})
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return history
}

func pick(rnd *rand.Rand, client, n int) shardOp {
	switch k := rnd.IntN(20); {
	case client == 0 && n == 9:
		return shardOp{kind: 's'}
	case k < 11:
		return shardOp{kind: 'a', id: fmt.Sprintf("%d.%d", client, n)}
	default:
		return shardOp{kind: 'r', from: engine.Position(rnd.IntN(10))}
	}
}

func (v *env) perform(r engine.ShardRef, op shardOp) (res shardResult) {
	switch op.kind {
	case 'a':
		runs := []engine.Run{{Shard: r, Records: []engine.Record{{Data: []byte(op.id)}}}}
		err := v.e.Append(v.Context(), runs)
		res.refused = errors.Is(runs[0].Err, engine.ErrSealed)
		res.position = runs[0].Records[0].Position
		if err != nil || runs[0].Err != nil && !res.refused {
			v.Errorf("Append: %v, %v", err, runs[0].Err)
		}
	case 's':
		end, err := v.e.Seal(v.Context(), r)
		if err != nil {
			v.Errorf("Seal: %v", err)
		}
		res.position = end
	case 'r':
		b, err := v.e.Read(v.Context(), r, op.from, unlimited, nil)
		if err != nil {
			v.Errorf("Read: %v", err)
		}
		for _, rec := range b.Records {
			res.ids, res.at = append(res.ids, string(rec.Data)), append(res.at, rec.Position)
		}
		res.ended = b.Ended
	}
	return res
}
