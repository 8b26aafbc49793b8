package shape

import (
	"slices"
	"time"
)

// Encoder is what a codec offers so that any shape can be written with it. The
// calls come in the order of the text: each Key or MapKey is followed by one
// value, a list's values follow each other. A codec keeps its own state; it
// remembers a failure of its target until the end.
type Encoder interface {
	BeginStruct()
	EndStruct()
	// BeginMap and BeginList say how many entries follow.
	BeginMap(n int)
	EndMap()
	BeginList(n int)
	EndList()
	// Key is the name of a member: letters of ASCII only.
	Key(name string)
	// MapKey is the key of a map's entry, any text.
	MapKey(key string)
	String(s string)
	Int(n int64)
	Bool(b bool)
	Blob(b []byte)
	// Time has a precision of milliseconds on the wire.
	Time(t time.Time)
}

func stringMember(e Encoder, name string, s *string) {
	if s != nil {
		e.Key(name)
		e.String(*s)
	}
}

func enumMember[T ~string](e Encoder, name string, s T) {
	if s != "" {
		e.Key(name)
		e.String(string(s))
	}
}

func intMember[T int32 | int64](e Encoder, name string, n *T) {
	if n != nil {
		e.Key(name)
		e.Int(int64(*n))
	}
}

func boolMember(e Encoder, name string, b *bool) {
	if b != nil {
		e.Key(name)
		e.Bool(*b)
	}
}

func timeMember(e Encoder, name string, t *time.Time) {
	if t != nil {
		e.Key(name)
		e.Time(*t)
	}
}

// blobMember writes a blob; always says that nil is an empty one, not an absent one.
func blobMember(e Encoder, name string, b []byte, always bool) {
	if b != nil || always {
		e.Key(name)
		e.Blob(b)
	}
}

// stringsMember writes a list; always says that nil is an empty one, not an absent one.
func stringsMember[T ~string](e Encoder, name string, list []T, always bool) {
	if list == nil && !always {
		return
	}
	e.Key(name)
	e.BeginList(len(list))
	for _, s := range list {
		e.String(string(s))
	}
	e.EndList()
}

// structsMember writes a list; always says that nil is an empty one, not an absent one.
func structsMember[T any](e Encoder, name string, list []T, always bool, write func(Encoder, *T)) {
	if list == nil && !always {
		return
	}
	e.Key(name)
	e.BeginList(len(list))
	for i := range list {
		write(e, &list[i])
	}
	e.EndList()
}

func structMember[T any](e Encoder, name string, v *T, write func(Encoder, *T)) {
	if v != nil {
		e.Key(name)
		write(e, v)
	}
}

// mapMember writes a map in the order of its keys, so that equal shapes have equal texts.
func mapMember(e Encoder, name string, m map[string]string) {
	if m == nil {
		return
	}
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	e.Key(name)
	e.BeginMap(len(m))
	for _, k := range keys {
		e.MapKey(k)
		e.String(m[k])
	}
	e.EndMap()
}
