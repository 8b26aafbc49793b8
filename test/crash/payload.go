// Package crash kills the real server with SIGKILL in the middle of its work,
// again and again, and holds it to what it had acknowledged.
//
// The oracle lives in the test process, outside the server: producers tell it
// what they sent and what was acknowledged, readers what they saw. A Rig owns
// the data directory and the server process; the Oracle is safe for
// concurrent use, everything else belongs to one goroutine.
package crash

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
)

// recordID names one record that a producer sent. No record is ever sent
// twice, so every one may be read once at most.
type recordID struct {
	producer uint32
	counter  uint64
}

func (id recordID) String() string { return fmt.Sprintf("%d/%d", id.producer, id.counter) }

// headerBytes is the length of what names a record inside its data.
const headerBytes = 12

// keysPerProducer is how many partition keys a producer uses.
const keysPerProducer = 16

// partitionKey is the partition key of a record, a function of its id.
func partitionKey(id recordID) string {
	return fmt.Sprintf("p%d-k%d", id.producer, id.counter%keysPerProducer)
}

// payload is the data of a record, a function of its id: the reader needs no
// copy to compare every byte.
func payload(id recordID) []byte {
	random := rand.New(rand.NewPCG(uint64(id.producer), id.counter))
	data := make([]byte, headerBytes+bodyBytes(random))
	binary.BigEndian.PutUint32(data, id.producer)
	binary.BigEndian.PutUint64(data[4:], id.counter)
	body := data[headerBytes:]
	for len(body) >= 8 {
		binary.LittleEndian.PutUint64(body, random.Uint64())
		body = body[8:]
	}
	for i := range body {
		body[i] = byte(random.Uint32())
	}
	return data
}

// bodyBytes draws a length: mostly small, now and then beyond a disk block,
// rarely beyond any buffer.
func bodyBytes(random *rand.Rand) int {
	switch n := random.IntN(100); {
	case n < 70:
		return random.IntN(200)
	case n < 98:
		return random.IntN(5000)
	default:
		return random.IntN(60000)
	}
}

// identify says which record this is. ok is false if the bytes or the key are
// not exactly what that record was sent with.
func identify(key string, data []byte) (id recordID, ok bool) {
	if len(data) < headerBytes {
		return id, false
	}
	id.producer = binary.BigEndian.Uint32(data)
	id.counter = binary.BigEndian.Uint64(data[4:])
	return id, key == partitionKey(id) && bytes.Equal(data, payload(id))
}
