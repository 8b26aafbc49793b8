package wire

import (
	"net/netip"
	"strings"

	"millrace/internal/sigv4"
)

// hostList decides by which names the server may be addressed. A web page
// whose name an attacker points at this machine (DNS rebinding) carries that
// name as its host, and so is found out.
type hostList struct {
	any   bool
	names map[string]bool
}

func newHostList(names []string) hostList {
	l := hostList{names: make(map[string]bool, len(names))}
	for _, n := range names {
		if n == "*" {
			l.any = true
		}
		l.names[strings.TrimSuffix(strings.ToLower(n), ".")] = true
	}
	return l
}

// allow judges a Host header or :authority.
func (l hostList) allow(hostport string) bool {
	host, ok := hostname(hostport)
	return ok && (l.any || hostAllowed(host) || l.names[host])
}

// HostAllowed reports whether a Host header is one that every port of the
// server answers to, or is one of names.
func HostAllowed(hostport string, names []string) bool { return newHostList(names).allow(hostport) }

// hostname takes the port off and brings the name to its normal form; ok is
// false for what is no host name at all.
func hostname(hostport string) (string, bool) {
	if len(hostport) > 300 {
		return "", false
	}
	host := hostport
	if i := strings.LastIndexByte(hostport, ':'); i > strings.LastIndexByte(hostport, ']') {
		port := hostport[i+1:]
		if strings.Trim(port, "0123456789") != "" || len(port) > 5 {
			return "", false
		}
		host = hostport[:i]
	}
	inner, bracketed := strings.CutPrefix(host, "[")
	if bracketed {
		if inner, bracketed = strings.CutSuffix(inner, "]"); !bracketed {
			return "", false
		}
		host = inner
	}
	// Colons belong into brackets, and nothing else does (RFC 3986).
	if bracketed != strings.Contains(host, ":") {
		return "", false
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	return host, host != ""
}

// hostAllowed knows the names that are always allowed: addresses, localhost
// and what is below it, names without a dot (as containers call each other),
// and the names of Kinesis itself, which boto 2 sends whatever it connects to.
func hostAllowed(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	if strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" {
		return false
	}
	if host == "localhost" || strings.HasSuffix(host, ".localhost") && host[0] != '.' {
		return true
	}
	return !strings.Contains(host, ".") && host[0] != '-' || isKinesisHost(host)
}

// isKinesisHost recognises the endpoints that SDKs make: kinesis or
// kinesis-fips, or an account's control-kinesis and data-kinesis, with a
// region and one of AWS's suffixes.
func isKinesisHost(host string) bool {
	for _, suffix := range [...]string{".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".api.amazonwebservices.com.cn"} {
		rest, ok := strings.CutSuffix(host, suffix)
		if !ok {
			continue
		}
		labels := strings.Split(rest, ".")
		if len(labels) < 2 || len(labels) > 4 || !sigv4.IsRegion(labels[len(labels)-1]) {
			return false
		}
		switch strings.TrimSuffix(labels[len(labels)-2], "-fips") {
		case "kinesis":
			return len(labels) == 2
		case "control-kinesis", "data-kinesis":
			return len(labels) > 2 && labels[0] != "" && labels[1] != ""
		}
		return false
	}
	return false
}
