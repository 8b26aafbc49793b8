package limits

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestProfiles(t *testing.T) {
	tests := []struct {
		name                  string
		record, tags, shards  int
		list, hours, records  int
		creating, callsCreate int
	}{
		{"", 1 << 20, 50, 1000, 100, 8760, 1000, 5, 5},
		{"aws", 1 << 20, 50, 1000, 100, 8760, 1000, 5, 5},
		{"classic", 50 << 10, 10, 10, 10, 24, 1000, 5, 5},
		{"none", 1 << 20, 50, 0, 100, 8760, 0, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, err := Load(tt.name)
			if err != nil {
				t.Fatal(err)
			}
			got := []int{l.MaxRecordBytes, l.MaxTags, l.ShardLimit("eu-north-1"), l.ListStreamsDefault,
				l.MaxRetentionHours, l.ShardWriteRecords, l.MaxCreatingStreams, l.AccountCalls["CreateStream"]}
			want := []int{tt.record, tt.tags, tt.shards, tt.list, tt.hours, tt.records, tt.creating, tt.callsCreate}
			for i := range got {
				if got[i] != want[i] {
					t.Errorf("figure %d is %d, want %d", i, got[i], want[i])
				}
			}
			if err := l.validate(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestShardLimitByRegion(t *testing.T) {
	l := AWS()
	for region, want := range map[string]int{"us-east-1": 20000, "us-west-2": 20000, "eu-west-1": 20000, "sa-east-1": 1000} {
		if got := l.ShardLimit(region); got != want {
			t.Errorf("%s: %d, want %d", region, got, want)
		}
	}
}

func TestFileTakesTheRestFromItsProfile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "limits.yaml")
	text := "profile: classic\nmax_tags: 20\naccount_calls_per_second:\n  CreateStream: 0\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if l.MaxTags != 20 || l.MaxRecordBytes != 50<<10 || l.AccountCalls["CreateStream"] != 0 || l.AccountCalls["DeleteStream"] != 5 {
		t.Errorf("got %+v", l)
	}
	if AWS().AccountCalls["CreateStream"] != 5 {
		t.Error("the file changed the built-in profile")
	}
}

func TestRefused(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"unknown profile", "profile: gold", "no profile"},
		{"unknown member", "max_tag: 3", "max_tag"},
		{"negative", "max_tags: -1", "max_tags must not be negative"},
		{"negative rate", "account_calls_per_second: {CreateStream: -1}", "CreateStream must not be negative"},
		{"record too large", "max_record_bytes: 10485761", "max_record_bytes"},
		{"no record", "max_record_bytes: 0", "max_record_bytes"},
		{"page too large", "list_streams_default: 101", "list_streams_default"},
		{"retention too short", "max_retention_hours: 23", "max_retention_hours"},
		{"not YAML", "{", "invalid limits"},
		{"a list", "- 1", "invalid limits"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse([]byte(tt.text))
			if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
		})
	}
	if _, err := Load(filepath.Join(t.TempDir(), "absent")); !errors.Is(err, ErrInvalid) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("absent file: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("profile: none\nmax_tags: 3\n"))
	f.Add([]byte("account_calls_per_second: {A: 1}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := Parse(text)
		if (err == nil) != (l != nil && l.validate() == nil) {
			t.Errorf("error %v for limits %+v", err, l)
		}
	})
}
