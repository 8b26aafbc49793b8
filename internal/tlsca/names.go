package tlsca

import (
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// names are those that a server certificate is for, sorted.
type names struct {
	dns []string
	ips []net.IP
}

func newNames(more []string) (names, error) {
	var n names
	for _, text := range append([]string{"localhost", "127.0.0.1", "::1"}, more...) {
		if !IsName(text) {
			return n, fmt.Errorf("%q is neither a host name nor an IP address", text)
		}
		if ip, err := netip.ParseAddr(text); err == nil {
			n.ips = append(n.ips, ip.Unmap().AsSlice())
		} else {
			n.dns = append(n.dns, strings.ToLower(strings.TrimSuffix(text, ".")))
		}
	}
	slices.Sort(n.dns)
	n.dns = slices.Compact(n.dns)
	slices.SortFunc(n.ips, func(a, b net.IP) int { return strings.Compare(a.String(), b.String()) })
	n.ips = slices.CompactFunc(n.ips, net.IP.Equal)
	return n, nil
}

// match says whether a certificate is for exactly these names.
func (n names) match(c *x509.Certificate) bool {
	return slices.Equal(n.dns, c.DNSNames) && slices.EqualFunc(n.ips, c.IPAddresses, net.IP.Equal)
}

func (n names) texts() []string {
	list := slices.Clone(n.dns)
	for _, ip := range n.ips {
		list = append(list, ip.String())
	}
	return list
}

// IsName says whether a certificate can be made for a name: an IP address
// without a zone, or a host name without wildcards.
func IsName(text string) bool {
	if ip, err := netip.ParseAddr(text); err == nil {
		return ip.Zone() == ""
	}
	text = strings.TrimSuffix(strings.ToLower(text), ".")
	if text == "" || len(text) > 253 {
		return false
	}
	for label := range strings.SplitSeq(text, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
	}
	return true
}
