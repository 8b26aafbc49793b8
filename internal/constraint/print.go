package constraint

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

func minLength(n int) string {
	return "Member must have length greater than or equal to " + strconv.Itoa(n)
}

func maxLength(n int) string {
	return "Member must have length less than or equal to " + strconv.Itoa(n)
}

func minValue(n int64) string {
	return "Member must have value greater than or equal to " + strconv.FormatInt(n, 10)
}

func maxValue(n int64) string {
	return "Member must have value less than or equal to " + strconv.FormatInt(n, 10)
}

func patternSentence(pattern string) string {
	return "Member must satisfy regular expression pattern: " + pattern
}

// quoted is how a value is printed, cut after MaxValueBytes.
func quoted(s string) string {
	if len(s) > MaxValueBytes {
		end := MaxValueBytes
		for end > 0 && !utf8.RuneStart(s[end]) {
			end--
		}
		s = s[:end] + "..."
	}
	return "'" + s + "'"
}

// blobValue is how the service prints a blob: as a Java buffer.
func blobValue(n int) string {
	return fmt.Sprintf("'java.nio.HeapByteBuffer[pos=0 lim=%d cap=%d]'", n, n)
}

// listValue is how the service prints a list of strings.
func listValue[T ~string](list []T) string {
	var b strings.Builder
	b.WriteByte('[')
	for i, s := range list {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(string(s))
		if b.Len() > MaxValueBytes {
			break
		}
	}
	b.WriteByte(']')
	return quoted(b.String())
}

// mapValue is how the service prints a map, here in the order of the keys.
func mapValue(m map[string]string) string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	var b strings.Builder
	b.WriteByte('{')
	for i, k := range keys {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(k + "=" + m[k])
		if b.Len() > MaxValueBytes {
			break
		}
	}
	b.WriteByte('}')
	return quoted(b.String())
}

// structsValue is how the service prints a list of structures: as Java objects,
// whose hash means nothing.
func structsValue(class string, n int) string {
	var b strings.Builder
	b.WriteByte('[')
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		h := fnv.New32a()
		fmt.Fprintf(h, "%s %d", class, i)
		fmt.Fprintf(&b, "com.amazonaws.kinesis.v20131202.%s@%x", class, h.Sum32())
		if b.Len() > MaxValueBytes {
			break
		}
	}
	b.WriteByte(']')
	return quoted(b.String())
}
