// Package credentials reads the file that says which access keys a server
// accepts. The file is a list, as YAML or JSON:
//
//   - access_key: AKIAEXAMPLE0000000AB
//     secret: "forty characters of your own"
//     account: "123456789012"
//   - access_key: ASIAEXAMPLE0000000CD
//     secret: "..."
//     session_token: "..."
//     expires: 2026-12-31T23:59:59Z
//
// access_key and secret are required. account is the 12-digit account that the
// key acts for. session_token must then come with every request of the key.
// expires is an RFC 3339 time after which the key is refused.
//
// Only the owner may be able to read the file: any other mode than 0600 or a
// stricter one is refused. No error of this package shows a value from the
// file. A Set never changes and may be used by many goroutines. Package server
// loads it and hands Set.Lookup to the verifier.
package credentials

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"millrace/internal/sigv4"
)

const (
	// maxFileBytes bounds what is read; a thousand keys need a tenth of it.
	maxFileBytes = 1 << 20
	// minSecret is the shortest secret that is accepted. AWS's have 40
	// characters; tests may use shorter ones than that.
	minSecret = 8
)

// Set is the access keys of one file.
type Set struct {
	keys map[string]sigv4.Credential
}

// Lookup finds an access key. It is what sigv4.Verifier.Keys wants.
func (s *Set) Lookup(accessKey string) (sigv4.Credential, bool) {
	c, ok := s.keys[accessKey]
	return c, ok
}

// Len is how many access keys there are.
func (s *Set) Len() int { return len(s.keys) }

// HasExample reports whether a key of AWS's documentation is among them. The
// whole world knows their secrets.
func (s *Set) HasExample() bool {
	for key, c := range s.keys {
		if strings.HasSuffix(key, "EXAMPLE") || strings.HasSuffix(c.Secret.Reveal(), "EXAMPLEKEY") {
			return true
		}
	}
	return false
}

// Load reads a file of credentials.
func Load(path string) (*Set, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("credentials file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("credentials file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("credentials file %s is not a regular file", path)
	}
	if mode := info.Mode().Perm(); mode&^0o600 != 0 {
		return nil, fmt.Errorf("credentials file %s has mode %04o: others could read or change the secrets; run: chmod 600 %s", path, mode, path)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("credentials file: %w", err)
	}
	if len(text) > maxFileBytes {
		return nil, fmt.Errorf("credentials file %s is larger than %d bytes", path, maxFileBytes)
	}
	set, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("credentials file %s: %w", path, err)
	}
	return set, nil
}

// Parse reads the text of a file of credentials.
func Parse(text []byte) (*Set, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		// The parser's own words may quote the file.
		return nil, errors.New("neither YAML nor JSON")
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 || doc.Content[0].Kind != yaml.SequenceNode {
		return nil, errors.New("not a list of access keys")
	}
	set := &Set{keys: map[string]sigv4.Credential{}}
	for _, item := range doc.Content[0].Content {
		key, c, err := parseItem(item)
		if err != nil {
			return nil, err
		}
		if _, twice := set.keys[key]; twice {
			return nil, fmt.Errorf("line %d: access key %s is given twice", item.Line, key)
		}
		set.keys[key] = c
	}
	if len(set.keys) == 0 {
		return nil, errors.New("no access key in it")
	}
	return set, nil
}

// parseItem walks the nodes itself, because a decoder's errors would quote
// values.
func parseItem(item *yaml.Node) (key string, c sigv4.Credential, err error) {
	if item.Kind != yaml.MappingNode {
		return "", c, fmt.Errorf("line %d: an access key is a mapping with access_key and secret", item.Line)
	}
	for i := 0; i+1 < len(item.Content); i += 2 {
		name, value := item.Content[i], item.Content[i+1]
		if value.Kind != yaml.ScalarNode {
			return "", c, fmt.Errorf("line %d: the value is not plain text", value.Line)
		}
		switch name.Value {
		case "access_key":
			key = value.Value
		case "secret":
			c.Secret = sigv4.NewSecret(value.Value)
		case "account":
			c.Account = value.Value
		case "session_token":
			c.SessionToken = sigv4.NewSecret(value.Value)
		case "expires":
			if c.Expires, err = time.Parse(time.RFC3339, value.Value); err != nil {
				return "", c, fmt.Errorf("line %d: expires is not an RFC 3339 time such as 2026-12-31T23:59:59Z", value.Line)
			}
		default:
			return "", c, fmt.Errorf("line %d: unknown field; known are access_key, secret, account, session_token, expires", name.Line)
		}
	}
	return key, c, check(item.Line, key, c)
}

func check(line int, key string, c sigv4.Credential) error {
	switch {
	case key == "" || strings.Trim(key, keyAlphabet) != "":
		return fmt.Errorf("line %d: access_key is missing or has characters other than letters, digits, '-' and '_'", line)
	case len(c.Secret.Reveal()) < minSecret:
		return fmt.Errorf("line %d: secret is missing or shorter than %d characters", line, minSecret)
	case c.Account != "" && !IsAccount(c.Account):
		return fmt.Errorf("line %d: account is not 12 digits", line)
	}
	return nil
}

const keyAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// IsAccount reports whether text has the form of an account id: 12 digits.
func IsAccount(text string) bool {
	return len(text) == 12 && strings.Trim(text, "0123456789") == ""
}
