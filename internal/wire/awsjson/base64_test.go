package awsjson

import (
	"bytes"
	"encoding/base64"
	"testing"
)

// FuzzBase64 holds both directions against the standard library.
func FuzzBase64(f *testing.F) {
	for _, s := range []string{"", "a", "ab", "abc", "abcdefghijklmnopqrstuvwx", "YQ==", "YWJjZGVmZ2hpamts", "YWJjZGVmZ2hpamtsbQ==", "YWJjZGVmZ2hpamtsbR==", "YWJjZGVm\n2hpamts", "YWJjZGVmZ2hp\n\n\n\n", "========", "YWJjZGVmZ2hpY===", "\xff\xfeab"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		text := appendBase64([]byte("x"), b)
		if want := "x" + base64.StdEncoding.EncodeToString(b); string(text) != want {
			t.Fatalf("encoded %q as %q, want %q", b, text, want)
		}
		checkDecode(t, text[1:])
		checkDecode(t, b)
	})
}

func checkDecode(t *testing.T, src []byte) {
	t.Helper()
	want, err := base64.StdEncoding.Strict().DecodeString(string(src))
	good := err == nil && !bytes.ContainsAny(src, "\r\n")
	dst := make([]byte, len(src)/4*3)
	n, ok := decodeBase64(dst, src)
	if ok != good {
		t.Fatalf("decoding %q: %v, want %v", src, ok, good)
	}
	if ok && !bytes.Equal(dst[:n], want) {
		t.Fatalf("decoding %q: %q, want %q", src, dst[:n], want)
	}
}

// TestBase64Lengths runs every short length, and a fault at every place.
func TestBase64Lengths(t *testing.T) {
	for n := range 70 {
		data := make([]byte, n)
		for i := range data {
			data[i] = byte(i*37 + n)
		}
		text := appendBase64(nil, data)
		if want := base64.StdEncoding.EncodeToString(data); string(text) != want {
			t.Fatalf("%d bytes: %q, want %q", n, text, want)
		}
		checkDecode(t, text)
		for i := range text {
			for _, c := range []byte{'=', '\n', '-', 0, 0xff, 'A'} {
				bad := bytes.Clone(text)
				bad[i] = c
				checkDecode(t, bad)
			}
		}
	}
}
