package main

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strings"
	"syscall"
	"time"

	"millrace/kinesis"
)

const (
	defaultEndpoint   = "http://127.0.0.1:4567"
	completionTimeout = 2 * time.Second
	probeTimeout      = 2 * time.Second
)

// client makes the client that commands call with, for --endpoint and the
// others, AWS's environment and the default endpoint, in this order.
func (a *app) client(ctx context.Context, change ...func(*kinesis.Options)) (*kinesis.Client, error) {
	o := kinesis.Options{
		Endpoint:  a.endpoint,
		Region:    a.region,
		Profile:   a.profile,
		UserAgent: "millrace-cli/" + version(),
	}
	switch {
	case o.Endpoint == "aws":
		o.Endpoint = ""
		env, err := o.FromEnvironment(ctx)
		if err != nil {
			return nil, err
		}
		o.Region = env.Region
		if o.Region == "" {
			o.Region = kinesis.DefaultRegion
		}
		o.Endpoint = kinesis.EndpointOf(o.Region)
	case o.Endpoint != "" && !strings.Contains(o.Endpoint, "://"):
		o.Endpoint = "http://" + o.Endpoint
	case o.Endpoint == "":
		env, err := o.FromEnvironment(ctx)
		if err != nil {
			return nil, err
		}
		if o.Endpoint = env.Endpoint; o.Endpoint == "" {
			o.Endpoint = defaultEndpoint
		}
	}
	a.address = o.Endpoint
	o, err := o.FromEnvironment(ctx)
	if err != nil {
		return nil, err
	}
	if h, err := a.httpClient(); err != nil {
		return nil, err
	} else if h != nil {
		o.HTTPClient = h
	}
	for _, f := range change {
		f(&o)
	}
	if err := a.probe(ctx); err != nil {
		return nil, err
	}
	client := kinesis.NewClient(o)
	a.clients = append(a.clients, client)
	return client, nil
}

// probe finds out at once that nothing listens on this machine, where retries
// would only put off the message.
func (a *app) probe(ctx context.Context) error {
	u, err := url.Parse(a.address)
	if err != nil || u.Port() == "" {
		return nil
	}
	if ip := net.ParseIP(u.Hostname()); u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil
	}
	d := net.Dialer{Timeout: probeTimeout}
	conn, err := d.DialContext(ctx, "tcp", u.Host)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return err
	}
	if err == nil {
		conn.Close()
	}
	return nil
}

// nameOrARN fills the two members by which operations name a stream.
func nameOrARN(stream string) (name, arn *string) {
	if strings.HasPrefix(stream, "arn:") {
		return nil, &stream
	}
	return &stream, nil
}

func deref[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
