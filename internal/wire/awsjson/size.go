package awsjson

import (
	"encoding/base64"
	"sync"
	"time"
)

var sizers = sync.Pool{New: func() any { return new(sizer) }}

// sizer is the shape.Encoder that only counts what encoder would append.
type sizer struct {
	n     int
	comma bool
}

func (e *sizer) value(n int) {
	if e.comma {
		n++
	}
	e.comma = true
	e.n += n
}

func (e *sizer) open() {
	e.value(1)
	e.comma = false
}

func (e *sizer) close() {
	e.n++
	e.comma = true
}

func (e *sizer) BeginStruct()  { e.open() }
func (e *sizer) EndStruct()    { e.close() }
func (e *sizer) BeginMap(int)  { e.open() }
func (e *sizer) EndMap()       { e.close() }
func (e *sizer) BeginList(int) { e.open() }
func (e *sizer) EndList()      { e.close() }

func (e *sizer) Key(name string) {
	e.value(len(name) + 3)
	e.comma = false
}

func (e *sizer) MapKey(key string) {
	e.value(stringSize(key) + 1)
	e.comma = false
}

func (e *sizer) String(s string) { e.value(stringSize(s)) }

func (e *sizer) Blob(b []byte) { e.value(base64.StdEncoding.EncodedLen(len(b)) + 2) }

func (e *sizer) Int(n int64) {
	size := 1
	if n < 0 {
		size++
	}
	for n /= 10; n != 0; n /= 10 {
		size++
	}
	e.value(size)
}

func (e *sizer) Bool(b bool) {
	if b {
		e.value(len("true"))
	} else {
		e.value(len("false"))
	}
}

func (e *sizer) Time(t time.Time) {
	var buf [32]byte
	e.value(len(appendTime(buf[:0], t)))
}
