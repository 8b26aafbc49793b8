// Package throttle meters calls and bytes per second with token buckets in
// integers. It asks no clock: every call names the time, in Unix
// milliseconds. It is a leaf; package ops holds the buckets and says what
// they mean.
package throttle

// milli scales tokens so that a millisecond's share of any rate is a whole
// number of them.
const milli = 1000

// Bucket fills at a rate per second up to one second's worth, and starts
// full. The zero value is ready. It is not safe for concurrent use: its owner
// locks.
type Bucket struct {
	spent  int64 // milli-tokens missing from a full bucket; more than a second's worth is debt
	lastMs int64 // when spent was last brought up to date
}

// refill gives back what the time since the last call is worth. A clock that
// went backwards gives nothing and takes nothing.
func (b *Bucket) refill(nowMs int64, rate int) {
	passed := nowMs - b.lastMs
	b.lastMs = nowMs
	if passed <= 0 {
		return
	}
	if passed > b.spent/int64(rate) {
		b.spent = 0
		return
	}
	b.spent -= passed * int64(rate)
}

// Take takes n tokens if they are all there and says whether they were. A
// rate of 0 or less is no limit. n larger than the rate is never granted.
func (b *Bucket) Take(nowMs int64, rate, n int) bool {
	if rate <= 0 {
		return true
	}
	b.refill(nowMs, rate)
	if b.spent+int64(n)*milli > int64(rate)*milli {
		return false
	}
	b.spent += int64(n) * milli
	return true
}

// Give returns n tokens that were taken and not used.
func (b *Bucket) Give(n int) { b.spent = max(0, b.spent-int64(n)*milli) }

// Open says whether the bucket is out of debt, so that a call whose cost is
// known only afterwards may go ahead.
func (b *Bucket) Open(nowMs int64, rate int) bool {
	if rate <= 0 {
		return true
	}
	b.refill(nowMs, rate)
	return b.spent < int64(rate)*milli
}

// Charge books n tokens even where they are not there; the debt holds Open
// back. A charge of a second's worth or more costs its whole time from now
// on, whatever had been saved up (GetRecords: an answer of 10 MiB at 2 MiB/s
// is followed by 5 seconds of refusals).
func (b *Bucket) Charge(nowMs int64, rate, n int) {
	if rate <= 0 {
		return
	}
	b.refill(nowMs, rate)
	b.spent += int64(n) * milli
	if n >= rate {
		b.spent = max(b.spent, int64(rate)*milli+int64(n)*milli)
	}
}

// Idle says whether the bucket is full, so that forgetting it changes nothing.
func (b *Bucket) Idle(nowMs int64, rate int) bool {
	if rate <= 0 {
		return true
	}
	b.refill(nowMs, rate)
	return b.spent == 0
}
