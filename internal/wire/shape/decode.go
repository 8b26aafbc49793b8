package shape

import "time"

// EmptyEnum stands for an enum that an input gives as the empty string, which
// is not the same as an absent one. No value of the API looks like it, so the
// constraint check refuses it, and prints it as the empty string.
const EmptyEnum = "\x00"

// Decoder is what a codec offers so that any shape can be read with it.
//
// A codec remembers the first error; from then on every call says that there
// is nothing more, so that the reading of a shape ends at once. Null is absent:
// Begin calls and values answer false for it, and Member, Element and Entry may
// pass null values over.
type Decoder interface {
	// BeginStruct enters a structure; false if there is none.
	BeginStruct() bool
	// Member moves to the next member; false at the end, which leaves the
	// structure. name holds until the next call.
	Member() (name string, ok bool)
	// BeginList enters a list; false if there is none.
	BeginList() bool
	// Element moves to the next element; false at the end, which leaves the list.
	Element() bool
	// BeginMap enters a map; false if there is none.
	BeginMap() bool
	// Entry moves to the next entry; false at the end, which leaves the map.
	Entry() (key string, ok bool)
	// Keep says whether one more element or entry may be kept in memory. Where
	// it says no, the element is skipped; such an input breaks the constraints
	// of the model anyway.
	Keep() bool
	// Skip passes over a value of any kind.
	Skip()
	String() (s string, ok bool)
	Int32() (n int32, ok bool)
	Int64() (n int64, ok bool)
	Bool() (b bool, ok bool)
	// Blob is nil if there is none, and empty but not nil if it is empty.
	Blob() []byte
	Time() (t time.Time, ok bool)
}

func stringValue(d Decoder) *string {
	if s, ok := d.String(); ok {
		return &s
	}
	return nil
}

func enumValue[T ~string](d Decoder) T {
	s, ok := d.String()
	if ok && s == "" {
		return EmptyEnum
	}
	return T(s)
}

func int32Value(d Decoder) *int32 {
	if n, ok := d.Int32(); ok {
		return &n
	}
	return nil
}

func int64Value(d Decoder) *int64 {
	if n, ok := d.Int64(); ok {
		return &n
	}
	return nil
}

func boolValue(d Decoder) *bool {
	if b, ok := d.Bool(); ok {
		return &b
	}
	return nil
}

func timeValue(d Decoder) *time.Time {
	if t, ok := d.Time(); ok {
		return &t
	}
	return nil
}

func stringsValue[T ~string](d Decoder) []T {
	if !d.BeginList() {
		return nil
	}
	list := []T{}
	for d.Element() {
		if !d.Keep() {
			d.Skip()
			continue
		}
		if s, ok := d.String(); ok {
			list = append(list, T(s))
		}
	}
	return list
}

func structsValue[T any](d Decoder, read func(Decoder, *T)) []T {
	if !d.BeginList() {
		return nil
	}
	list := []T{}
	for d.Element() {
		if !d.Keep() {
			d.Skip()
			continue
		}
		if d.BeginStruct() {
			var zero T
			list = append(list, zero)
			read(d, &list[len(list)-1])
		}
	}
	return list
}

func structValue[T any](d Decoder, read func(Decoder, *T)) *T {
	if !d.BeginStruct() {
		return nil
	}
	v := new(T)
	read(d, v)
	return v
}

func mapValue(d Decoder) map[string]string {
	if !d.BeginMap() {
		return nil
	}
	m := map[string]string{}
	for {
		key, ok := d.Entry()
		if !ok {
			return m
		}
		if !d.Keep() {
			d.Skip()
			continue
		}
		if s, ok := d.String(); ok {
			m[key] = s
		} else {
			delete(m, key)
		}
	}
}
