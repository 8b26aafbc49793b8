package constraint

import (
	"regexp"
	"strings"
	"testing"
)

// byHand are the matchers that stand for a pattern.
var byHand = []struct {
	pattern string
	match   func(string) bool
	seeds   []string
}{
	{`[a-zA-Z0-9_.-]+`, matchName, []string{"", "a", "stream-1_.X", "a b", "é", "a\n"}},
	{`^(0|([1-9]\d{0,38}))$`, matchHashKey, []string{"", "0", "00", "01", "1", "340282366920938463463374607431768211455", strings.Repeat("9", 39), strings.Repeat("9", 40), "-1", "1a", "1\n", "٣"}},
	{`^(0|([1-9]\d{0,128}))$`, matchSequenceNumber, []string{"", "0", "02", strings.Repeat("4", 129), strings.Repeat("4", 130), "49590338271490256608559692538361571095921575989136588898"}},
	{`[a-z0-9]{20}-[a-z0-9]{3}`, matchStreamID, []string{"abcdefghij0123456789-abc", "abcdefghij0123456789abcd", "abcdefghij012345678--abc", "Abcdefghij0123456789-abc", "abcdefghij0123456789-ab"}},
	{`arn:aws.*:kinesis:.*:\d{12}:stream/\S+`, matchStreamARN, []string{"arn:aws:kinesis:us-east-1:123456789012:stream/a", "arn:aws-cn:kinesis:cn-north-1:123456789012:stream/a/b:c", "arn:aws:kinesis::123456789012:stream/a", "arn:aws:kinesis:123456789012:stream/a", "arn:aws:kinesis:r:12345678901:stream/a", "arn:aws:kinesis:r:123456789012:stream/", "arn:aws:kinesis:r:123456789012:stream/a b", "arn:aws:kinesis:r:123456789012:stream/stream/a", "arn:aws:kinesis:r:123456789012:stream/a:123456789012:stream/", "arn:aws:kinesis:r:123456789012:stream/:123456789012:stream/ ", "arn:aws\n:kinesis:r:123456789012:stream/a", "arn:aws:kinesis:r:123456789012:stream/a\vb", "arn:aws:kinesis:r:123456789012:stream/é"}},
	{`arn:aws.*:kinesis:.*:\d{12}:channel/\S+`, matchChannelARN, []string{"arn:aws:kinesis:us-east-1:123456789012:channel/a", "arn:aws:kinesis:us-east-1:123456789012:stream/a"}},
	{`arn:aws.*:kinesis:.*:\d{12}:.*(stream|channel)/\S+`, matchResourceARN, []string{"arn:aws:kinesis:r:123456789012:stream/a", "arn:aws:kinesis:r:123456789012:channel/a", "arn:aws:kinesis:r:123456789012:xstream/a", "arn:aws:kinesis:r:123456789012:stream/a/consumer/c:1", "arn:aws:kinesis:r:123456789012:stream/ channel/a", "arn:aws:kinesis:r:123456789012stream/a", "", "stream/"}},
	{`^(arn):aws.*:kinesis:.*:\d{12}:.*stream\/[a-zA-Z0-9_.-]+\/consumer\/[a-zA-Z0-9_.-]+:[0-9]+`, matchConsumerARN, []string{"arn:aws:kinesis:r:123456789012:stream/a/consumer/c:1525898737", "arn:aws:kinesis:r:123456789012:a/stream/a/consumer/c:1", "arn:aws:kinesis:r:123456789012:stream/a/consumer/c:", "arn:aws:kinesis:r:123456789012:stream/a/consumer/c:1 ", "arn:aws:kinesis:r:123456789012:stream//consumer/c:1", "arn:aws:kinesis:r:123456789012:stream/a/b/consumer/c:1", "arn:aws:kinesis:123456789012:stream/a/consumer/c:1", "arn:aws:kinesis::123456789012:\nstream/a/consumer/c:1"}},
}

// FuzzMatch holds the matchers against the regular expressions that they stand for.
func FuzzMatch(f *testing.F) {
	var compiled []*regexp.Regexp
	for i, m := range byHand {
		compiled = append(compiled, regexp.MustCompile(`\A(?:`+m.pattern+`)\z`))
		for _, s := range m.seeds {
			f.Add(i, s)
		}
	}
	f.Fuzz(func(t *testing.T, i int, s string) {
		i = int(uint(i) % uint(len(byHand)))
		if got, want := byHand[i].match(s), compiled[i].MatchString(s); got != want {
			t.Errorf("%s on %q: %v, want %v", byHand[i].pattern, s, got, want)
		}
	})
}

// TestMatchPieces runs the matchers of ARNs over many small mixtures of the pieces that matter.
func TestMatchPieces(t *testing.T) {
	pieces := []string{"arn:aws", ":kinesis:", ":123456789012:", "stream/", "channel/", "a", "/consumer/", ":1", "\n", " ", ""}
	for _, m := range byHand[4:] {
		re := regexp.MustCompile(`\A(?:` + m.pattern + `)\z`)
		var walk func(s string, n int)
		walk = func(s string, n int) {
			if got, want := m.match(s), re.MatchString(s); got != want {
				t.Errorf("%s on %q: %v, want %v", m.pattern, s, got, want)
			}
			if n == 0 {
				return
			}
			for _, p := range pieces {
				walk(s+p, n-1)
			}
		}
		depth := 4
		if testing.Short() {
			depth = 3
		}
		walk("arn:aws:kinesis:", depth)
		walk("arn:aws:kinesis::123456789012:", depth)
	}
}

func TestLazyBoundsItsText(t *testing.T) {
	match := lazy("[a-z]+")
	if !match("a") || match("A") || match("a\n") {
		t.Error("the pattern does not hold for the whole text")
	}
	if !match(strings.Repeat("A", maxPatternText+1)) {
		t.Error("a text that is too long was matched")
	}
}
