package constraint

import (
	"regexp"
	"strings"
	"sync"
)

// maxPatternText is how long a text may be, in bytes, to be held against a
// regular expression. No pattern belongs to a longer one: its length is wrong anyway.
const maxPatternText = 16 << 10

// lazy matches a pattern that has no matcher of its own; it is compiled when
// first used.
func lazy(pattern string) func(string) bool {
	compiled := sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`\A(?:` + pattern + `)\z`)
	})
	return func(s string) bool {
		return len(s) > maxPatternText || compiled().MatchString(s)
	}
}

// nameByte says which bytes the names of streams, shards and consumers have.
var nameByte = func() (t [256]bool) {
	for c := range 128 {
		b := byte(c)
		t[c] = isDigit(b) || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b == '_' || b == '.' || b == '-'
	}
	return t
}()

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// matchName is [a-zA-Z0-9_.-]+
func matchName(s string) bool {
	for i := range len(s) {
		if !nameByte[s[i]] {
			return false
		}
	}
	return s != ""
}

// matchHashKey is ^(0|([1-9]\d{0,38}))$
func matchHashKey(s string) bool { return matchDecimal(s, 39) }

// matchSequenceNumber is ^(0|([1-9]\d{0,128}))$
func matchSequenceNumber(s string) bool { return matchDecimal(s, 129) }

func matchDecimal(s string, digits int) bool {
	if s == "" || len(s) > digits || s[0] == '0' && len(s) > 1 {
		return false
	}
	return allDigits(s)
}

func allDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return true
}

// matchStreamID is [a-z0-9]{20}-[a-z0-9]{3}
func matchStreamID(s string) bool {
	if len(s) != 24 || s[20] != '-' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; i != 20 && !isDigit(c) && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

// matchStreamARN is arn:aws.*:kinesis:.*:\d{12}:stream/\S+
func matchStreamARN(s string) bool { return matchAccountARN(s, ":stream/") }

// matchChannelARN is arn:aws.*:kinesis:.*:\d{12}:channel/\S+
func matchChannelARN(s string) bool { return matchAccountARN(s, ":channel/") }

// account is the length of a colon and the digits of an account.
const account = 1 + 12

// matchAccountARN looks for the last place where the account and the kind can
// stand: any earlier one asks more of the rest and allows less before it.
func matchAccountARN(s, kind string) bool {
	for end := len(s) - 1; ; {
		if end < 0 {
			return false
		}
		i := strings.LastIndex(s[:end], kind)
		if i < account {
			return false
		}
		if head := s[:i-account]; s[i-account] == ':' && allDigits(s[i-account+1:i]) {
			return noBlank(s[i+len(kind):]) && matchService(head) >= 0
		}
		end = i + len(kind) - 1
	}
}

// matchService is arn:aws.*:kinesis:.* and says where the last part can begin
// at the earliest; -1 if it does not match.
func matchService(head string) int {
	const prefix, service = "arn:aws", ":kinesis:"
	if !strings.HasPrefix(head, prefix) || strings.Contains(head, "\n") {
		return -1
	}
	i := strings.Index(head[len(prefix):], service)
	if i < 0 {
		return -1
	}
	return len(prefix) + i + len(service)
}

// matchAccountHead is arn:aws.*:kinesis:.*:\d{12}:.*
func matchAccountHead(head string) bool {
	i := matchService(head)
	if i < 0 {
		return false
	}
	for ; i+account < len(head); i++ {
		if head[i] == ':' && head[i+account] == ':' && allDigits(head[i+1:i+account]) {
			return true
		}
	}
	return false
}

// matchResourceARN is arn:aws.*:kinesis:.*:\d{12}:.*(stream|channel)/\S+
func matchResourceARN(s string) bool {
	if s == "" {
		return false
	}
	stream, channel := strings.LastIndex(s[:len(s)-1], "stream/"), strings.LastIndex(s[:len(s)-1], "channel/")
	i, kind := stream, "stream/"
	if channel > stream {
		i, kind = channel, "channel/"
	}
	return i >= 0 && noBlank(s[i+len(kind):]) && matchAccountHead(s[:i])
}

// matchConsumerARN is
// ^(arn):aws.*:kinesis:.*:\d{12}:.*stream\/[a-zA-Z0-9_.-]+\/consumer\/[a-zA-Z0-9_.-]+:[0-9]+
// as a whole: none of its last parts can hold the mark between two of them.
func matchConsumerARN(s string) bool {
	i := strings.LastIndexByte(s, ':')
	if i < 0 || i+1 == len(s) || !allDigits(s[i+1:]) {
		return false
	}
	s = s[:i]
	i = strings.LastIndexByte(s, '/')
	if i < 0 || !matchName(s[i+1:]) {
		return false
	}
	s, ok := strings.CutSuffix(s[:i], "/consumer")
	i = strings.LastIndexByte(s, '/')
	if !ok || i < 0 || !matchName(s[i+1:]) {
		return false
	}
	head, ok := strings.CutSuffix(s[:i], "stream")
	return ok && matchAccountHead(head)
}

// noBlank is \S+
func noBlank(s string) bool { return s != "" && !strings.ContainsAny(s, "\t\n\f\r ") }
