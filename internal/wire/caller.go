package wire

import (
	"strings"

	"millrace/internal/ops"
	"millrace/internal/sigv4"
)

// caller derives account and region. The account is that of the credentials
// file, else the access key itself where it has the form of an account, so
// that tests can use as many accounts as they like. The region is that of the
// credential scope, where it looks like one: old clients sign odd scopes.
func (h *Handler) caller(id sigv4.Identity) ops.Caller {
	c := ops.Caller{AccessKey: id.AccessKey, Account: id.Account, Region: id.Region, Verified: h.cfg.Verifier != nil}
	if c.Account == "" {
		c.Account = h.cfg.Account
		if isAccount(id.AccessKey) {
			c.Account = id.AccessKey
		}
	}
	if !isRealRegion(c.Region) {
		c.Region = h.cfg.Region
	}
	return c
}

func isAccount(s string) bool { return len(s) == 12 && strings.Trim(s, "0123456789") == "" }

// isRealRegion asks for the form of a region and for a partition of AWS, by
// the word that its regions begin with.
func isRealRegion(region string) bool {
	if !sigv4.IsRegion(region) {
		return false
	}
	first, _, _ := strings.Cut(region, "-")
	switch first {
	case "af", "ap", "ca", "cn", "eu", "eusc", "il", "me", "mx", "sa", "us":
		return true
	}
	return false
}
