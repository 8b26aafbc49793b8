package shape

import (
	"strings"
	"unicode/utf8"
)

// Texts of type errors that every encoding shares, as the service gives them
// (observed; the spelling is its own).
const (
	ListMessage      = "Start of list found where not expected"
	StructureMessage = "Start of structure or map found where not expected."

	ClassBoolean = "class java.lang.Boolean"
	ClassString  = "class java.lang.String"
	ClassNumber  = "class com.amazon.coral.value.json.numbers.TruncatingBigNumber"
)

// MaxEchoBytes is how much of a value a type error repeats; the service repeats
// all of it, and no value of a sensible size is cut.
const MaxEchoBytes = 64 << 10

// Echo is a value as a type error repeats it, in quotes.
func Echo(s string) string {
	if len(s) <= MaxEchoBytes {
		return "'" + s + "'"
	}
	end := MaxEchoBytes
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return "'" + s[:end] + "...'"
}

// BoolOfWord takes the words that the service takes for a boolean; for any
// other, refusal is the text of the type error.
func BoolOfWord(word string) (b bool, refusal string) {
	switch upper := strings.ToUpper(word); upper {
	case "TRUE", "1", "YES":
		return true, ""
	case "FALSE", "0", "NO":
		return false, ""
	default:
		return false, Echo(upper) + " can not be converted to an Boolean"
	}
}

// ErrorCode is the code of an error's body, of its members __type and code:
// the first that is there, without what stands before # and after :.
func ErrorCode(typ, code string) string {
	if typ == "" {
		typ = code
	}
	if _, after, ok := strings.Cut(typ, "#"); ok {
		typ = after
	}
	typ, _, _ = strings.Cut(typ, ":")
	return typ
}
