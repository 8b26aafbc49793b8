package main

import (
	"math"
	"strconv"
	"time"
)

// timeLayouts are the forms of --at, besides seconds since 1970. Without a
// zone it is local time.
var timeLayouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02"}

func parseTime(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, usagef("--from at-timestamp needs --at")
	}
	for _, layout := range timeLayouts {
		if t, err := time.ParseInLocation(layout, s, time.Local); err == nil {
			return t, nil
		}
	}
	if seconds, err := strconv.ParseFloat(s, 64); err == nil && seconds >= 0 && seconds < 1e11 {
		return time.UnixMilli(int64(math.Round(seconds * 1000))), nil
	}
	return time.Time{}, usagef("--at %q is not a time such as 2026-11-01T12:00:00Z, nor seconds since 1970", s)
}
