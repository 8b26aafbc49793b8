package wire

import (
	"fmt"
	"strings"
	"testing"
)

// A host or an origin is made of a name and how it is written. The verdict of
// a form is the name's, but where the writing alone spoils it.
var (
	goodNames = []string{
		"127.0.0.1", "10.1.2.3", "0.0.0.0", "192.168.255.255", "localhost", "api.localhost", "a.b.c.localhost", "millrace", "my-container", "host_1",
		"kinesis.us-east-1.amazonaws.com", "kinesis-fips.us-gov-west-1.amazonaws.com", "kinesis.cn-north-1.amazonaws.com.cn", "kinesis.eu-central-2.api.aws",
		"123456789012.data-kinesis.us-east-1.amazonaws.com", "123456789012.control-kinesis.ap-southeast-4.amazonaws.com", "listed.example.com",
	}
	badNames = []string{
		"evil.com", "localhost.evil.com", "127.0.0.1.evil.com", "127.0.0.1.nip.io", "localtest.me", "xlocalhost.com", "localhost.com", "notlisted.example.com",
		"x.listed.example.com", "listed.example.com.evil.com", "amazonaws.com", "kinesis.amazonaws.com", "kinesis.us-east-1.amazonaws.com.evil.com",
		"evil.us-east-1.amazonaws.com", "s3.us-east-1.amazonaws.com", "kinesis.us-east-1.evil.com", "kinesis.us-east-1.amazonaws.co", "xkinesis.us-east-1.amazonaws.com",
		"evil.kinesis.us-east-1.amazonaws.com", "data-kinesis.us-east-1.amazonaws.com", "2130706433.x", "0x7f.1.x", "a..localhost.x", "xn--localhost-9za.com",
		"l\u00f6calhost.de", "localhost\u3002evil.com", "\uff4cocalhost.x", "127.0.0.1,evil.com", "evil.com#localhost", "evil.com?localhost", "evil.com/localhost",
		"evil.com\\localhost", "localhost@evil.com", "evil.com@localhost", "%6c%6f.com", "a b.c", "",
	}
	hostForms = []struct {
		form  string // %s is the name
		spoil bool
	}{
		{"%s", false}, {"%s:1", false}, {"%s:80", false}, {"%s:4567", false}, {"%s:65535", false}, {"%s:00000", false}, {"%s:", false}, {"%s.", false}, {"%s.:443", false},
		{"%s:x", true}, {"%s:-1", true}, {"%s:+1", true}, {"%s:123456", true}, {"%s: 80", true}, {"%s:80:80", true}, {"%s::", true}, {"[%s]", true}, {"[%s", true}, {"%s]", true}, {"[%s]:80", true},
		{" %s", true}, {"%s ", true}, {"\t%s", true}, {"%s\x00", true}, {"%s\r", true}, {"\x00%s", true}, {"%s/", true}, {"%s/x", true}, {"%s?x", true}, {"%s#x", true}, {"@%s", true}, {"x@%s", true}, {"http://%s", true}, {"//%s", true},
		{"%s,", true}, {"%s,evil.com", true}, {"%s;", true}, {"'%s'", true}, {"%s..x.", true}, {"%s%%00", true}, {"%s\u00ad", true}, {"\u200b%s", true},
	}
)

// TestHostForms gives every name in every form its exact verdict.
func TestHostForms(t *testing.T) {
	l := newHostList([]string{"Listed.Example.com"})
	tried := 0
	judge := func(host string, want bool) {
		tried++
		if got := l.allow(host); got != want {
			t.Errorf("host %q: allowed %v, want %v", host, got, want)
		}
	}
	for _, f := range hostForms {
		for _, name := range goodNames {
			host := fmt.Sprintf(f.form, name)
			judge(host, !f.spoil)
			judge(strings.ToUpper(host), !f.spoil)
		}
		for _, name := range badNames {
			judge(fmt.Sprintf(f.form, name), false)
		}
	}
	for _, address := range []string{"::1", "::", "fe80::1", "::ffff:127.0.0.1", "2001:db8::1"} {
		judge(address, false)
		judge("["+address+"]", true)
		judge("["+address+"]:80", true)
		judge("["+address+"]x", false)
		judge("["+address+"].evil.com", false)
	}
	if tried < 1000 {
		t.Errorf("%d forms", tried)
	}
	t.Logf("S4: %d forms of Host, each with its verdict", tried)
}

// TestOriginForms gives origins their exact verdict where nobody is
// authenticated: pages of this machine may call, and no other.
func TestOriginForms(t *testing.T) {
	l := newOriginList([]string{"https://app.example.com"}, false)
	loopback := []string{"localhost", "LOCALHOST", "app.localhost", "127.0.0.1", "127.1.2.3", "[::1]", "[::ffff:127.0.0.1]"}
	foreign := []string{
		"evil.com", "localhost.evil.com", "127.0.0.1.nip.io", "xlocalhost", "10.0.0.1", "192.168.1.1", "0.0.0.0", "[::]", "[fe80::1]", "128.0.0.1", "millrace", "localhost@evil.com",
		"evil.com@localhost", "127.1", "2130706433", "0x7f000001", "017700000001", "localhost%00.evil.com", "localhost\\.evil.com", "app.example.com.evil.com", "a..localhost.x", "-.x", "",
	}
	forms := []struct {
		form  string
		spoil bool
	}{
		{"http://%s", false}, {"https://%s", false}, {"http://%s:1", false}, {"http://%s:3000", false}, {"https://%s:65535", false},
		{"%s", true}, {"//%s", true}, {"ftp://%s", true}, {"file://%s", true}, {"ws://%s", true}, {"chrome-extension://%s", true}, {"javascript://%s", true}, {"HTTP://%s", true},
		{"http://%s/", true}, {"http://%s/x", true}, {"http://%s?x", true}, {"http://%s#x", true}, {"http://x@%s", true}, {"http://x:y@%s", true}, {" http://%s", true}, {"http://%s ", true},
		{"http:/%s", true}, {"http:%s", true}, {"http:///%s", true}, {"http://%s:x", true}, {"http://%s:99999999", true}, {"http://%s,http://evil.com", true}, {"http://%s\x00", true}, {"http://%s\\", true}, {"null %s", true},
	}
	tried := 0
	judge := func(origin string, want bool) {
		tried++
		value, ok := l.allow(origin)
		if ok != want || ok && value != origin {
			t.Errorf("origin %q: allowed %v as %q, want %v", origin, ok, value, want)
		}
	}
	for _, f := range forms {
		for _, host := range loopback {
			judge(fmt.Sprintf(f.form, host), !f.spoil)
		}
		for _, host := range foreign {
			judge(fmt.Sprintf(f.form, host), false)
		}
	}
	for origin, want := range map[string]bool{
		"https://app.example.com": true, "HTTPS://APP.example.com": true, "http://app.example.com": false, "https://app.example.com:443": false,
		"https://app.example.com/": false, "null": false, "": false, "*": false, "file://": false, "https://*.example.com": false, "https://": false,
	} {
		judge(origin, want)
	}
	t.Logf("S4: %d forms of Origin, each with its verdict", tried)
}
