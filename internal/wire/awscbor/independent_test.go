package awscbor

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// wellformed judges bytes without knowing shapes.
var wellformed = func() cbor.DecMode {
	mode, err := cbor.DecOptions{MaxNestedLevels: 65535, MaxArrayElements: 1 << 30, MaxMapPairs: 1 << 30, UTF8: cbor.UTF8RejectInvalid}.DecMode()
	if err != nil {
		panic(err)
	}
	return mode
}()

// plain is a shape as maps, lists and scalars, made without the code under test.
func plain(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Pointer:
		return plain(v.Elem())
	case reflect.Struct:
		if t, ok := v.Interface().(time.Time); ok {
			return cbor.Tag{Number: 1, Content: uint64(t.UnixMilli())}
		}
		m := map[any]any{}
		for i := range v.NumField() {
			if f := v.Field(i); f.Kind() != reflect.Pointer || !f.IsNil() {
				m[v.Type().Field(i).Name] = plain(f)
			}
		}
		return m
	case reflect.Slice:
		if b, ok := v.Interface().([]byte); ok {
			return b
		}
		list := make([]any, v.Len())
		for i := range list {
			list[i] = plain(v.Index(i))
		}
		return list
	case reflect.Map:
		m := map[any]any{}
		for _, k := range v.MapKeys() {
			m[k.String()] = v.MapIndex(k).String()
		}
		return m
	case reflect.String:
		return v.String()
	case reflect.Bool:
		return v.Bool()
	}
	if n := v.Int(); n < 0 {
		return n
	}
	return uint64(v.Int())
}

// untime undoes what the other implementation makes of tag 1: it takes our
// milliseconds for seconds.
func untime(v any) any {
	switch v := v.(type) {
	case time.Time:
		return cbor.Tag{Number: 1, Content: uint64(v.Unix())}
	case map[any]any:
		for k := range v {
			v[k] = untime(v[k])
		}
	case []any:
		for i := range v {
			v[i] = untime(v[i])
		}
	}
	return v
}

// TestOthersReadOurs: another implementation finds in our bytes what is in the shape.
func TestOthersReadOurs(t *testing.T) {
	for _, fresh := range shapes() {
		for n := 1; n < 5; n++ {
			v := filled(fresh, n)
			dropStreamID(v)
			var got any
			if err := wellformed.Unmarshal(Marshal(nil, v), &got); err != nil {
				t.Errorf("%T: %v", v, err)
				continue
			}
			want := plain(reflect.ValueOf(v))
			if got = untime(got); !reflect.DeepEqual(got, want) {
				t.Errorf("%T:\n got %v\nwant %v", v, got, want)
			}
		}
	}
}

// TestWeReadOthers: whatever lengths another implementation writes, we find
// the shape in it.
func TestWeReadOthers(t *testing.T) {
	for _, fresh := range shapes() {
		for n := 1; n < 5; n++ {
			v := filled(fresh, n)
			dropStreamID(v)
			value := plain(reflect.ValueOf(v))
			definite, err := cbor.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			var b bytes.Buffer
			open(t, cbor.NewEncoder(&b), value)
			for name, body := range map[string][]byte{"definite": definite, "indefinite": b.Bytes()} {
				back := fresh()
				if err := UnmarshalOutput(body, back); err != nil || !reflect.DeepEqual(v, back) {
					t.Errorf("%T, %s: %v\n%x", v, name, err, body)
				}
			}
		}
	}
}

// open writes a value with no definite length in it, strings in small chunks.
func open(t *testing.T, e *cbor.Encoder, v any) {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	switch v := v.(type) {
	case map[any]any:
		must(e.StartIndefiniteMap())
		for k, item := range v {
			open(t, e, k)
			open(t, e, item)
		}
	case []any:
		must(e.StartIndefiniteArray())
		for _, item := range v {
			open(t, e, item)
		}
	case []byte:
		must(e.StartIndefiniteByteString())
		for i := 0; i < len(v); i += 7 {
			must(e.Encode(v[i:min(i+7, len(v))]))
		}
	case string:
		must(e.StartIndefiniteTextString())
		for _, r := range v {
			must(e.Encode(string(r)))
		}
	default:
		must(e.Encode(v))
		return
	}
	must(e.EndIndefinite())
}
