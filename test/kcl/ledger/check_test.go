package ledger

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheckFindsWhatIsWrong(t *testing.T) {
	const size = 40
	// Every case is a row of key and count in the order of processing.
	for name, c := range map[string]struct {
		processed string
		wrong     int
	}{
		"complete":        {"a0 b0 a1 b1", 0},
		"repeated":        {"a0 a1 a0 a1 b0 b1", 0},
		"one missing":     {"a0 b0 b1", 1},
		"gap in the key":  {"a1 b0 b1", 1},
		"order in a key":  {"a1 a0 b0 b1", 1},
		"key not put":     {"a0 a1 b0 b1 c0", 1},
		"nothing at all":  {"", 3},
		"a key unheard":   {"a0 a1", 2},
		"more than there": {"a0 a1 a2 b0 b1", 1},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "worker")
			text := "# 0 start shardId-0\n"
			for i, record := range strings.Fields(c.processed) {
				key, count := record[:1], int(record[1]-'0')
				text += fmt.Sprintf("%d\tshardId-0\t%d\t0\t%s\t%s\n", i, i, key,
					base64.StdEncoding.EncodeToString(Data(key, count, size)))
			}
			if err := os.WriteFile(path, []byte(text+"17\tshardId-0\t12"), 0o666); err != nil {
				t.Fatal(err)
			}
			entries, err := Read(size, path, path+"-absent")
			if err != nil {
				t.Fatal(err)
			}
			if wrong := Check(entries, []string{"a", "b"}, 2); len(wrong) != c.wrong {
				t.Errorf("%d faults, want %d: %q", len(wrong), c.wrong, wrong)
			}
		})
	}
}

func TestCheckFindsSequenceNumbersOutOfOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "worker")
	var text string
	for i, sequence := range []int{5, 4} {
		text += fmt.Sprintf("%d\tshardId-0\t%d\t0\ta\t%s\n", i, sequence,
			base64.StdEncoding.EncodeToString(Data("a", i, 10)))
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	entries, err := Read(10, path)
	if err != nil {
		t.Fatal(err)
	}
	if wrong := Check(entries, []string{"a"}, 2); len(wrong) != 1 {
		t.Errorf("faults: %q", wrong)
	}
}

func TestReadRefusesChangedData(t *testing.T) {
	path := filepath.Join(t.TempDir(), "worker")
	line := "1\tshardId-0\t1\t0\ta\t" + base64.StdEncoding.EncodeToString(Data("b", 0, 10)) + "\n"
	if err := os.WriteFile(path, []byte(line), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(10, path); err == nil {
		t.Error("read data that belongs to another key")
	}
}
