package credentials

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const good = `
- access_key: AKIDONE
  secret: swordfish-swordfish
  account: 000123456789
- access_key: ASIATWO
  secret: "correct horse"
  session_token: battery
  expires: 2030-01-02T03:04:05Z
`

func TestParse(t *testing.T) {
	for name, text := range map[string]string{
		"yaml": good,
		"json": `[{"access_key":"AKIDONE","secret":"swordfish-swordfish","account":"000123456789"},
			{"access_key":"ASIATWO","secret":"correct horse","session_token":"battery","expires":"2030-01-02T03:04:05Z"}]`,
	} {
		t.Run(name, func(t *testing.T) {
			set, err := Parse([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			one, ok := set.Lookup("AKIDONE")
			if !ok || one.Secret.Reveal() != "swordfish-swordfish" || one.Account != "000123456789" {
				t.Errorf("AKIDONE: got %v, account %q", ok, one.Account)
			}
			two, ok := set.Lookup("ASIATWO")
			if !ok || two.SessionToken.Reveal() != "battery" || !two.Expires.Equal(time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)) {
				t.Errorf("ASIATWO: got %v, expires %v", ok, two.Expires)
			}
			if set.Len() != 2 || set.HasExample() {
				t.Errorf("Len %d, HasExample %v", set.Len(), set.HasExample())
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	const canary = "canary-canary"
	for name, c := range map[string]struct{ text, want string }{
		"empty":          {"", "not a list"},
		"scalar":         {canary, "not a list"},
		"mapping":        {"a: " + canary, "not a list"},
		"empty list":     {"[]", "no access key"},
		"broken":         {"- [" + canary, "neither"},
		"list of text":   {"- " + canary, "is a mapping"},
		"unknown field":  {"- access_key: A\n  " + canary + ": x", "unknown field"},
		"nested":         {"- access_key: [" + canary + "]", "not plain text"},
		"alias":          {"- &a {access_key: A, secret: " + canary + "}\n- *a", "is a mapping"},
		"no secret":      {"- access_key: A", "secret is missing"},
		"short secret":   {"- {access_key: A, secret: canary-}", "shorter than"},
		"no access key":  {"- secret: " + canary, "access_key is missing"},
		"slash in key":   {"- {access_key: a/b, secret: " + canary + "}", "access_key is missing"},
		"account":        {"- {access_key: A, secret: " + canary + ", account: 12}", "12 digits"},
		"expires":        {"- {access_key: A, secret: " + canary + ", expires: " + canary + "}", "RFC 3339"},
		"twice":          {"- {access_key: A, secret: " + canary + "}\n- {access_key: A, secret: " + canary + "}", "twice"},
		"wrong type tag": {"- {access_key: A, secret: !!map " + canary + "}", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse([]byte(c.text))
			if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "canary") {
				t.Errorf("the error shows a value: %v", err)
			}
		})
	}
}

func TestHasExample(t *testing.T) {
	for _, text := range []string{
		"- {access_key: AKIAIOSFODNN7EXAMPLE, secret: something-else}",
		"- {access_key: OTHER, secret: wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY}",
	} {
		set, err := Parse([]byte(text))
		if err != nil || !set.HasExample() {
			t.Errorf("%s: not taken for an example (%v)", text, err)
		}
	}
}

func TestLoadChecksMode(t *testing.T) {
	for _, c := range []struct {
		mode os.FileMode
		ok   bool
	}{{0o600, true}, {0o400, true}, {0o640, false}, {0o604, false}, {0o700, false}, {0o660, false}} {
		path := filepath.Join(t.TempDir(), "keys.yaml")
		if err := os.WriteFile(path, []byte(good), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		_, err := Load(path)
		if (err == nil) != c.ok {
			t.Errorf("mode %04o: got %v", c.mode, err)
		}
		if err != nil && !strings.Contains(err.Error(), "chmod 600 "+path) {
			t.Errorf("mode %04o: the error does not say what to do: %v", c.mode, err)
		}
	}
	if _, err := Load(t.TempDir()); err == nil {
		t.Error("a directory was read")
	}
	if _, err := Load(filepath.Join(t.TempDir(), "absent")); err == nil {
		t.Error("an absent file was read")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("- {access_key: A, secret: !!binary aaaa}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if set, err := Parse(text); err == nil && set.Len() == 0 {
			t.Error("an empty set without an error")
		}
	})
}
