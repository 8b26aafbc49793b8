package ops

import (
	"fmt"
	"strings"
	"unicode"

	"millrace/internal/catalog"
)

// invalidTagText is what the service says of characters that it does not
// take, the percent sign, which it then does not take either, included
// (observed for AddTagsToStream).
const invalidTagText = "Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, _ . / = + - % @."

// checkTags checks the characters of tags, beyond the lengths that the model
// gives.
func (s *Service) checkTags(tags map[string]string) error {
	for key, value := range tags {
		if !tagChars(key) || !tagChars(value) {
			return invalidArgument(invalidTagText)
		}
		if strings.HasPrefix(strings.ToLower(key), "aws:") {
			return invalidArgument("Tag keys must not begin with aws:, which is reserved for the use of AWS.")
		}
	}
	return nil
}

func tagChars(text string) bool {
	for _, r := range text {
		ok := unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r) ||
			unicode.Is(unicode.Zs, r) || strings.ContainsRune("_./=+-@:", r)
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
