package awscbor

import (
	"bytes"
	"runtime"
	"strings"
	"testing"

	"millrace/kinesis/types"
)

// TestBombs: what a body claims costs nothing before it is there.
func TestBombs(t *testing.T) {
	huge := []string{"1a ffffffff", "1b 0000000100000000", "1b 7fffffffffffffff", "1b ffffffffffffffff"}
	bombs := map[string][]byte{}
	for _, n := range huge {
		for major, bits := range map[string]byte{"bytes": majorBytes, "text": majorText, "array": majorArray, "map": majorMap} {
			item := hex(n)
			item[0] |= bits
			for _, member := range []string{"Records", "StreamName", "Nope"} {
				bombs[major+" "+n+" as "+member] = append(hex("bf "+key(member)), append(item, 0x60, 0x60)...)
			}
			bombs[major+" "+n+" as body"] = item
		}
	}
	for name, open := range map[string]string{"arrays": "81", "open arrays": "9f", "maps": "a1 60", "open maps": "bf 60", "keys": "a1", "tags": "c1"} {
		bombs["nested "+name] = append(hex("bf "+key("Nope")), bytes.Repeat(hex(open), 10000)...)
		bombs["nested "+name+" in Records"] = append(hex("bf "+key("Records")), bytes.Repeat(hex(open), 10000)...)
	}
	for name, body := range bombs {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := Unmarshal(body, new(types.PutRecordsInput))
		code, _ := UnmarshalError(body)
		var d PutDecoder
		_, fast := d.DecodePutRecords(body)
		runtime.ReadMemStats(&after)
		if err == nil || code != "" || fast || Valid(body) {
			t.Errorf("%s: taken", name)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
			t.Errorf("%s: %d bytes allocated", name, n)
		}
	}
}

func TestDepth(t *testing.T) {
	for _, open := range []string{"81", "a1 60"} {
		nested := func(n int) []byte {
			return append(append(hex("a1 60"), bytes.Repeat(hex(open), n-1)...), 0)
		}
		if !Valid(nested(MaxDepth)) {
			t.Errorf("%s: depth of %d refused", open, MaxDepth)
		}
		if Valid(nested(MaxDepth + 1)) {
			t.Errorf("%s: depth of %d taken", open, MaxDepth+1)
		}
	}
	// A level that has been left does not count.
	if !Valid(append(append(hex("bf"), bytes.Repeat(hex("60 81 80"), 200)...), 0xff)) {
		t.Error("siblings refused")
	}
}

func TestUnmarshalBoundsEntries(t *testing.T) {
	body := append(hex("bf "+key("Records")+"9f"), bytes.Repeat([]byte{0xa0}, MaxInputEntries+100)...)
	body = append(body, 0xff, 0xff)
	var in types.PutRecordsInput
	if err := Unmarshal(body, &in); err != nil || len(in.Records) != MaxInputEntries {
		t.Errorf("%d records, %v", len(in.Records), err)
	}
	var tags types.AddTagsToStreamInput
	if err := unmarshal(Marshal(nil, &types.AddTagsToStreamInput{Tags: map[string]string{"x": "y"}, StreamName: new("s")}), &tags, 0); err != nil || len(tags.Tags) != 0 || tags.StreamName == nil {
		t.Errorf("%+v, %v", tags, err)
	}
}

// TestSkippingAllocatesNothing: of what is not kept, nothing is copied.
func TestSkippingAllocatesNothing(t *testing.T) {
	skipUnderRace(t)
	long := strings.Repeat("6161", 1000)
	body := hex("bf 7f " + long + " ff 5f " + strings.Repeat("4161", 1000) + " ff 61 61 7f " + long + " ff " + key("Nope") + "9f " + strings.Repeat("01 a1 60 f6 ", 1000) + "ff ff")
	in := new(types.PutRecordsInput)
	if n := testing.AllocsPerRun(20, func() {
		if err := Unmarshal(body, in); err != nil {
			t.Fatal(err)
		}
	}); n >= 1 {
		t.Errorf("%v allocations", n)
	}
}
