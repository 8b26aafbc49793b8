package ops

import (
	"fmt"
	"strings"
	"unicode"

	"millrace/internal/catalog"
)

// invalidTagText is what the service says of characters that it does not
// take. It counts the percent sign among those it does, and refuses it in a
// second check (observed for AddTagsToStream).
const invalidTagText = "Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, _ . / = + - % @."

// checkTags checks the characters of tags for a stream or something of it,
// beyond the lengths that the model gives.
func (s *Service) checkTags(n catalog.Name, tags map[string]string) error {
	percent := false
	for key, value := range tags {
		if !tagChars(key) || !tagChars(value) {
			return invalidArgument(invalidTagText)
		}
		if strings.HasPrefix(strings.ToLower(key), "aws:") {
			return invalidArgument("Tag keys must not begin with aws:, which is reserved for the use of AWS.")
		}
		percent = percent || strings.Contains(key+value, "%")
	}
	if percent {
		return percentRefused("add tags to", n)
	}
	return nil
}

// checkTagKeys is checkTags for tags that are to go.
func checkTagKeys(n catalog.Name, keys []string) error {
	for _, key := range keys {
		if !tagChars(key) {
			return invalidArgument(invalidTagText)
		}
	}
	if strings.Contains(strings.Join(keys, ""), "%") {
		return percentRefused("remove tags from", n)
	}
	return nil
}

func percentRefused(what string, n catalog.Name) error {
	return invalidArgument(fmt.Sprintf(
		"Failed to %s stream %s under account %s because some tags contained illegal characters. The allowed characters are Unicode letters, white-spaces, '_',',','/','=','+','-','@'.",
		what, n.Stream, n.Account))
}

func tagChars(text string) bool {
	for _, r := range text {
		ok := unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r) ||
			unicode.Is(unicode.Zs, r) || strings.ContainsRune("_./=+-%@:", r)
		if !ok {
			return false
		}
	}
	return true
}

func (s *Service) tooManyTagsText(name catalog.Name) string {
	return fmt.Sprintf(
		"Failed to add tags to stream %s under account %s because a given stream cannot have more than %d tags associated with it.",
		name.Stream, name.Account, s.limits.MaxTags)
}
