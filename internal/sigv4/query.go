package sigv4

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
)

// parameter is one pair of a query string, decoded.
type parameter struct{ name, value string }

// parseQuery takes a raw query apart, keeping order and repetitions. Unlike
// url.ParseQuery it has no second opinion about semicolons, and it says when
// something was not decodable instead of dropping it: what is not signed must
// not get past.
func parseQuery(raw string) (query []parameter, ok bool) {
	if raw == "" {
		return nil, true
	}
	query = make([]parameter, 0, strings.Count(raw, "&")+1)
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return nil, false
		}
		if value, err = url.QueryUnescape(value); err != nil {
			return nil, false
		}
		query = append(query, parameter{name, value})
	}
	return query, true
}

func lookup(query []parameter, name string) (value string, found bool) {
	for _, p := range query {
		if p.name == name {
			return p.value, true
		}
	}
	return "", false
}

// appendQuery writes the canonical query string: encoded, sorted by name then
// value, the signature itself left out.
func appendQuery(b []byte, query []parameter) []byte {
	encoded := make([]parameter, 0, len(query))
	for _, p := range query {
		if p.name != "X-Amz-Signature" {
			encoded = append(encoded, parameter{escape(p.name, ""), escape(p.value, "")})
		}
	}
	slices.SortFunc(encoded, func(x, y parameter) int {
		return cmp.Or(cmp.Compare(x.name, y.name), cmp.Compare(x.value, y.value))
	})
	for i, p := range encoded {
		if i > 0 {
			b = append(b, '&')
		}
		b = append(b, p.name...)
		b = append(b, '=')
		b = append(b, p.value...)
	}
	return b
}

// escape percent-encodes all but RFC 3986's unreserved characters and those
// in keep.
func escape(s, keep string) string {
	const hexDigits = "0123456789ABCDEF"
	plain := func(c byte) bool {
		return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' ||
			c == '-' || c == '_' || c == '.' || c == '~' || strings.IndexByte(keep, c) >= 0
	}
	n := 0
	for i := range len(s) {
		if !plain(s[i]) {
			n++
		}
	}
	if n == 0 {
		return s
	}
	b := make([]byte, 0, len(s)+2*n)
	for i := range len(s) {
		if c := s[i]; plain(c) {
			b = append(b, c)
		} else {
			b = append(b, '%', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return string(b)
}
