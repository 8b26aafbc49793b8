package awsjson

import (
	"math"
	"strconv"
)

// clampInteger is the number, rounded down and put within bounds, as the
// service does.
func clampInteger(text []byte, whole bool, low, high int64) int64 {
	if whole {
		if n, err := strconv.ParseInt(view(text), 10, 64); err == nil {
			return min(max(n, low), high)
		}
	}
	// A number outside the range of a float is infinite and is clamped.
	f, _ := strconv.ParseFloat(view(text), 64)
	f = math.Floor(f)
	switch {
	case f >= float64(high):
		return high
	case f <= float64(low):
		return low
	}
	return int64(f)
}

// The years 1 and 9999: points in time outside are put onto the nearer one.
const (
	firstMillis = -62135596800000
	lastMillis  = 253402300799999
)

// epochMillis turns seconds since the epoch into milliseconds. A fraction is cut
// off after the third decimal, once the noise of a float below a microsecond
// has been rounded away.
func epochMillis(text []byte, whole bool) int64 {
	if whole {
		if n, err := strconv.ParseInt(view(text), 10, 64); err == nil {
			n = min(max(n, firstMillis/1000), lastMillis/1000)
			return n * 1000
		}
	}
	f, _ := strconv.ParseFloat(view(text), 64)
	f = min(max(f, firstMillis/1000), lastMillis/1000)
	micros := int64(math.Round(f * 1e6))
	ms := micros / 1000
	if micros%1000 < 0 {
		ms--
	}
	return ms
}
