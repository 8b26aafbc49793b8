package sigv4

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	terminator  = "aws4_request"
	service     = "kinesis"
	basicFormat = "20060102T150405Z"
)

// maxExpires is the longest life of a presigned request, a week.
const maxExpires = 604800

// scope is the Credential parameter: who signed, and for what.
type scope struct {
	accessKey, date, region, service, term string
}

// parseScope splits key/date/region/service/term; ok is false for anything
// but five elements.
func parseScope(credential string) (s scope, ok bool) {
	parts := strings.Split(credential, "/")
	if len(parts) != 5 {
		return scope{}, false
	}
	return scope{parts[0], parts[1], parts[2], parts[3], parts[4]}, true
}

// checkForm makes the checks that need neither the clock nor a secret, and
// fills in a.stamp.
func checkForm(r *http.Request, a *authorization, strict bool) *Refusal {
	if a.algorithm != Algorithm {
		return &Refusal{codeIncomplete, "Unsupported AWS 'algorithm': '" + a.algorithm + "'."}
	}
	if _, ok := parseScope(a.credential); !ok || a.scope.accessKey == "" {
		return &Refusal{codeIncomplete,
			"Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '" + a.credential + "'"}
	}
	at, ok := parseDate(a.date)
	if !ok {
		return &Refusal{codeIncomplete, "Date must be in ISO-8601 'basic format'. Got '" + a.date + "'."}
	}
	a.stamp = at.Format(basicFormat)
	if text := scopeFaults(a, strict); text != "" {
		return &Refusal{codeInvalid, text}
	}
	return checkSignedHeaders(r, a)
}

// scopeFaults names each element of the scope that is wrong.
func scopeFaults(a *authorization, strict bool) string {
	var faults []string
	if strict && !IsRegion(a.scope.region) {
		faults = append(faults, "Credential should be scoped to a valid Region, not '"+a.scope.region+"'.")
	}
	if strict && a.scope.service != service {
		faults = append(faults, textService)
	}
	if a.scope.term != terminator {
		faults = append(faults, "Credential should be scoped with a valid terminator: '"+terminator+"', not '"+a.scope.term+"'.")
	}
	if day := a.stamp[:8]; a.scope.date != day {
		faults = append(faults, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '"+
			a.scope.date+"' != '"+day+"', from '"+a.stamp+"'.")
	}
	return strings.Join(faults, " ")
}

// parseDate reads the forms that X-Amz-Date and Date may have.
func parseDate(text string) (time.Time, bool) {
	if at, err := time.Parse(basicFormat, text); err == nil && len(text) == len(basicFormat) {
		return at, true
	}
	for _, layout := range [...]string{http.TimeFormat, time.RFC1123Z} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), true
		}
	}
	return time.Time{}, false
}

// checkTime refuses requests signed too long ago or too far ahead. A presigned
// request with X-Amz-Expires chooses itself how long it lasts.
func checkTime(a *authorization, now time.Time, skew time.Duration) *Refusal {
	at, _ := time.Parse(basicFormat, a.stamp)
	now = now.UTC().Truncate(time.Second)
	life := skew
	if a.presigned && a.expires != "" {
		seconds, err := strconv.ParseUint(a.expires, 10, 32)
		if err != nil || seconds < 1 || seconds > maxExpires {
			return &Refusal{codeInvalid, "X-Amz-Expires must be a number of seconds between 1 and " +
				strconv.Itoa(maxExpires) + ", not '" + a.expires + "'."}
		}
		life = time.Duration(seconds) * time.Second
	}
	stamp := now.Format(basicFormat)
	if oldest := now.Add(-life); at.Before(oldest) {
		return &Refusal{codeInvalid, "Signature expired: " + a.stamp + " is now earlier than " +
			oldest.Format(basicFormat) + " (" + stamp + " - " + minutes(life) + ")"}
	}
	if newest := now.Add(skew); at.After(newest) {
		return &Refusal{codeInvalid, "Signature not yet current: " + a.stamp + " is still later than " +
			newest.Format(basicFormat) + " (" + stamp + " + " + minutes(skew) + ")"}
	}
	return nil
}

func minutes(d time.Duration) string {
	if d%time.Minute == 0 {
		return strconv.Itoa(int(d/time.Minute)) + " min."
	}
	return strconv.Itoa(int(d/time.Second)) + " sec."
}

// IsRegion reports whether name has the form of an AWS region, such as
// us-east-1 or us-gov-west-1.
func IsRegion(name string) bool {
	parts := strings.Split(name, "-")
	if len(name) > 32 || len(parts) < 3 || len(parts[0]) < 2 {
		return false
	}
	last := len(parts) - 1
	for _, p := range parts[:last] {
		if p == "" || strings.Trim(p, "abcdefghijklmnopqrstuvwxyz") != "" {
			return false
		}
	}
	return parts[last] != "" && len(parts[last]) <= 2 && strings.Trim(parts[last], "0123456789") == ""
}
