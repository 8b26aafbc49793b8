package wire

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// originList decides which web pages may call.
type originList struct {
	// any: every page may call and is told so with "*", as Kinesis does.
	any bool
	// names are further origins, in lower case.
	names map[string]bool
}

func newOriginList(origins []string, authenticated bool) originList {
	l := originList{any: authenticated, names: make(map[string]bool, len(origins))}
	for _, o := range origins {
		if o == "*" {
			l.any = true
		}
		l.names[strings.TrimSuffix(strings.ToLower(o), "/")] = true
	}
	return l
}

// allow gives the value of Access-Control-Allow-Origin.
func (l originList) allow(origin string) (value string, ok bool) {
	switch {
	case l.any:
		return "*", true
	case isLoopbackOrigin(origin), l.names[strings.ToLower(origin)]:
		return origin, true
	}
	return "", false
}

// isLoopbackOrigin recognises pages that come from this machine.
func isLoopbackOrigin(origin string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil ||
		origin != u.Scheme+"://"+u.Host {
		return false
	}
	host, ok := hostname(u.Host)
	if !ok {
		return false
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost") && hostAllowed(host)
}

const exposedHeaders = "x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date"

// checkOrigin gives web pages their CORS headers, answers preflights, and
// turns foreign pages away where no signature protects us from them. It
// reports whether the request goes on.
func (x *exchange) checkOrigin() bool {
	origins := x.r.Header["Origin"]
	if len(origins) == 0 {
		// Some requests of a browser come without an Origin, but every new
		// browser says where they come from.
		if site := x.r.Header.Get("Sec-Fetch-Site"); !x.h.origins.any && (site == "cross-site" || site == "same-site") {
			return x.refuseOrigin()
		}
		return true
	}
	value, ok := x.h.origins.allow(origins[0])
	if !ok || len(origins) > 1 {
		return x.refuseOrigin()
	}
	header := x.w.Header()
	header["Access-Control-Allow-Origin"] = []string{value}
	if value != "*" {
		header["Vary"] = []string{"Origin"}
	}
	if x.r.Method != http.MethodOptions {
		header["Access-Control-Expose-Headers"] = []string{exposedHeaders}
		return true
	}
	header["Access-Control-Expose-Headers"] = []string{exposedHeaders}
	header["Access-Control-Max-Age"] = []string{"172800"}
	if asked := x.r.Header["Access-Control-Request-Headers"]; len(asked) > 0 {
		header["Access-Control-Allow-Headers"] = asked[:1]
	}
	if asked := x.r.Header["Access-Control-Request-Method"]; len(asked) > 0 {
		header["Access-Control-Allow-Methods"] = asked[:1]
	}
	header["Content-Type"] = nil
	x.write(http.StatusOK, nil)
	return false
}

func (x *exchange) refuseOrigin() bool {
	x.fail(http.StatusForbidden, "AccessDeniedException",
		"Web pages of this origin may not call the server; see the option --cors.")
	return false
}
