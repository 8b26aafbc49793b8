package awscbor

import (
	"sync"
	"time"
)

var sizers = sync.Pool{New: func() any { return new(sizer) }}

// sizer is the shape.Encoder that only counts what encoder would append.
type sizer struct{ n int }

func (e *sizer) BeginStruct()  { e.n++ }
func (e *sizer) EndStruct()    { e.n++ }
func (e *sizer) BeginMap(int)  { e.n++ }
func (e *sizer) EndMap()       { e.n++ }
func (e *sizer) BeginList(int) { e.n++ }
func (e *sizer) EndList()      { e.n++ }

func (e *sizer) Key(name string)   { e.counted(len(name)) }
func (e *sizer) MapKey(key string) { e.String(key) }
func (e *sizer) String(s string)   { e.counted(len(s) + 2*badBytes(s)) }
func (e *sizer) Blob(b []byte)     { e.counted(len(b)) }

func (e *sizer) Int(n int64) {
	if n < 0 {
		n = ^n
	}
	e.n += headSize(uint64(n))
}

func (e *sizer) Bool(bool) { e.n++ }

func (e *sizer) Time(t time.Time) {
	e.n++
	e.Int(t.UnixMilli())
}

// counted adds a head and the n bytes after it.
func (e *sizer) counted(n int) { e.n += headSize(uint64(n)) + n }

// headSize is the length of what appendHead appends.
func headSize(n uint64) int {
	switch {
	case n < 24:
		return 1
	case n < 1<<8:
		return 2
	case n < 1<<16:
		return 3
	case n < 1<<32:
		return 5
	}
	return 9
}
