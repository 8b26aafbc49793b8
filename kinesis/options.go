package kinesis

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// What a client does unless told otherwise.
const (
	DefaultRegion         = "us-east-1"
	DefaultMaxAttempts    = 10
	DefaultBackoffBase    = 50 * time.Millisecond
	DefaultBackoffCap     = 20 * time.Second
	DefaultAttemptTimeout = 60 * time.Second
)

// HTTPClient sends a request; *http.Client is one.
type HTTPClient interface {
	Do(*http.Request) (*http.Response, error)
}

// Options says how a Client reaches the service. The zero value takes
// everything from AWS's environment and defaults.
type Options struct {
	// Region that requests are signed for. Default: AWS's environment, then
	// us-east-1.
	Region string
	// Endpoint is the base URL of the service. Default: AWS's environment
	// (AWS_ENDPOINT_URL_KINESIS, AWS_ENDPOINT_URL, endpoint_url of the
	// profile), then https://kinesis.<region>.amazonaws.com.
	Endpoint string
	// Profile names the profile of AWS's shared config that is read for what
	// is missing here. Default: AWS_PROFILE, then "default".
	Profile string
	// Credentials to sign with. Default: AWS's chain of providers. Where that
	// has none and Endpoint is a loopback address, requests are signed with a
	// placeholder, as a local server does not ask who calls.
	Credentials aws.CredentialsProvider

	// HTTPClient sends the requests. Default: one of the client's own, with a
	// pool of connections. It should follow no redirects.
	HTTPClient HTTPClient
	// UserAgent is added to the User-Agent header.
	UserAgent string
	// Logger is told of retries and answers at debug level. Default: silence.
	Logger *slog.Logger

	// MaxAttempts bounds the attempts of a call. Default 10; 1 retries nothing.
	MaxAttempts int
	// BackoffBase and BackoffCap bound the wait before attempt n+1, which is
	// drawn evenly from zero to the lesser of BackoffCap and
	// BackoffBase * 2^(n-1). Default 50 ms and 20 s.
	BackoffBase, BackoffCap time.Duration
	// AttemptTimeout bounds a single attempt, to its last byte. Default 60 s.
	AttemptTimeout time.Duration
}

// withPlace fills what the environment has left empty.
func (o Options) withPlace() Options {
	if o.Region == "" {
		o.Region = DefaultRegion
	}
	if o.Endpoint == "" {
		o.Endpoint = EndpointOf(o.Region)
	}
	return o
}

func (o Options) withDefaults() Options {
	if o.HTTPClient == nil {
		o.HTTPClient = newHTTPClient()
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.MaxAttempts <= 0 {
		o.MaxAttempts = DefaultMaxAttempts
	}
	if o.BackoffBase <= 0 {
		o.BackoffBase = DefaultBackoffBase
	}
	if o.BackoffCap <= 0 {
		o.BackoffCap = DefaultBackoffCap
	}
	if o.AttemptTimeout <= 0 {
		o.AttemptTimeout = DefaultAttemptTimeout
	}
	o.UserAgent = strings.TrimSpace(fmt.Sprintf("millrace-go (%s; %s/%s) %s",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, o.UserAgent))
	return o
}

// EndpointOf is AWS's own endpoint of a region; China has a domain of its own.
func EndpointOf(region string) string {
	suffix := "amazonaws.com"
	if strings.HasPrefix(region, "cn-") {
		suffix = "amazonaws.com.cn"
	}
	return "https://kinesis." + region + "." + suffix
}

// newHTTPClient makes a client that keeps enough idle connections for many
// concurrent callers of one host, and gives a redirect back as it came: a
// signature holds for one host only.
func newHTTPClient() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConns = 256
	t.MaxIdleConnsPerHost = 256
	t.DisableCompression = true
	t.DialContext = (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	return &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// parseEndpoint checks an endpoint and gives the URL that requests are posted to.
func parseEndpoint(endpoint string) (*url.URL, error) {
	u, err := url.Parse(endpoint)
	if err != nil {
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fmt.Errorf("endpoint %q is not a URL such as http://127.0.0.1:4567", endpoint)
	}
	if u.Path == "" {
		u.Path = "/"
	}
	return u, nil
}

// isLoopback says whether an endpoint is on this machine by its name alone.
func isLoopback(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil {
		return false
	}
	host := u.Hostname()
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
