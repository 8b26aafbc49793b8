package main

import (
	"math/bits"
	"time"
)

// histogram counts durations in buckets of at most 1/32 of their value, from
// a nanosecond to hundreds of years, in a fixed 15 KiB. The zero value is empty.
type histogram struct {
	buckets [histogramBuckets]uint64
	count   uint64
	max     time.Duration
}

const (
	histogramFine    = 5 // bits that are kept of a value
	histogramBuckets = (64 - histogramFine) << histogramFine
)

// bucketOf gives small values a bucket each, and larger ones one for their
// highest bits.
func bucketOf(d time.Duration) int {
	v := uint64(max(d, 0))
	shift := bits.Len64(v) - histogramFine - 1
	if shift <= 0 {
		return int(v)
	}
	return shift<<histogramFine + int(v>>shift)
}

// bucketTop is the largest duration of a bucket.
func bucketTop(b int) time.Duration {
	shift := b>>histogramFine - 1
	if shift <= 0 {
		return time.Duration(b)
	}
	mantissa := uint64(b - shift<<histogramFine)
	return time.Duration((mantissa+1)<<shift - 1)
}

func (h *histogram) add(d time.Duration) {
	h.buckets[bucketOf(d)]++
	h.count++
	h.max = max(h.max, d)
}

func (h *histogram) merge(o *histogram) {
	for i, n := range o.buckets {
		h.buckets[i] += n
	}
	h.count += o.count
	h.max = max(h.max, o.max)
}

// quantile is the duration that the fraction q of all does not exceed.
func (h *histogram) quantile(q float64) time.Duration {
	rank := uint64(q * float64(h.count))
	seen := uint64(0)
	for b, n := range h.buckets {
		if seen += n; seen > rank || n > 0 && seen == h.count {
			return min(bucketTop(b), h.max)
		}
	}
	return 0
}
