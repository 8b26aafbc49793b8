package kinesis

import (
	"context"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
)

// sdkID is the name by which AWS's configuration knows the service:
// AWS_ENDPOINT_URL_KINESIS, and "kinesis" in a services section.
const sdkID = "Kinesis"

// placeholder signs requests to a loopback endpoint where there are no
// credentials to be found.
var placeholder = aws.Credentials{
	AccessKeyID: "millrace", SecretAccessKey: "millrace", Source: "placeholder for a loopback endpoint",
}

// NewFromEnvironment makes a client of AWS's environment. It is
// NewClient(Options{}), but reads the environment at once and gives what is
// wrong with it as an error.
func NewFromEnvironment(ctx context.Context) (*Client, error) {
	o, err := Options{}.FromEnvironment(ctx)
	if err != nil {
		return nil, err
	}
	return NewClient(o), nil
}

// FromEnvironment fills what o leaves empty of Region, Endpoint and
// Credentials from AWS's environment and shared config. Region and Endpoint
// stay empty if they are not set there either. It opens no connection:
// credentials are looked for when the first request is signed.
func (o Options) FromEnvironment(ctx context.Context) (Options, error) {
	if o.Region != "" && o.Endpoint != "" && o.Credentials != nil {
		return o, nil
	}
	cfg, err := loadConfig(ctx, o)
	if err != nil {
		return o, err
	}
	if o.Endpoint == "" {
		if o.Endpoint, err = configuredEndpoint(ctx, cfg); err != nil {
			return o, fmt.Errorf("reading AWS's configuration: %w", err)
		}
		if isLoopback(o.Endpoint) && o.Credentials == nil {
			// Once more, now that it is known that no instance metadata is wanted.
			if cfg, err = loadConfig(ctx, o); err != nil {
				return o, err
			}
		}
	}
	if o.Region == "" {
		o.Region = cfg.Region
	}
	if o.Credentials == nil {
		o.Credentials = cfg.Credentials
		if isLoopback(o.Endpoint) {
			o.Credentials = aws.NewCredentialsCache(orPlaceholder{cfg.Credentials})
		}
	}
	return o, nil
}

// loadConfig reads AWS's configuration. For a loopback endpoint it leaves out
// the instance metadata service, whose absence takes seconds to notice.
func loadConfig(ctx context.Context, o Options) (aws.Config, error) {
	var opts []func(*config.LoadOptions) error
	if o.Profile != "" {
		opts = append(opts, config.WithSharedConfigProfile(o.Profile))
	}
	if isLoopback(o.Endpoint) {
		opts = append(opts, config.WithEC2IMDSClientEnableState(imds.ClientDisabled))
	}
	cfg, err := config.LoadDefaultConfig(ctx, opts...)
	if err != nil {
		return cfg, fmt.Errorf("reading AWS's configuration: %w", err)
	}
	return cfg, nil
}

// configuredEndpoint gives the endpoint that the environment or the profile
// sets for Kinesis, else for all services, else "". AWS keeps its own form of
// this search internal; the sources offer it as methods.
func configuredEndpoint(ctx context.Context, cfg aws.Config) (string, error) {
	for _, source := range cfg.ConfigSources {
		s, ok := source.(interface {
			GetIgnoreConfiguredEndpoints(context.Context) (bool, bool, error)
		})
		if !ok {
			continue
		}
		if ignore, found, err := s.GetIgnoreConfiguredEndpoints(ctx); err != nil || found {
			if err != nil || ignore {
				return "", err
			}
			break
		}
	}
	for _, source := range cfg.ConfigSources {
		s, ok := source.(interface {
			GetServiceBaseEndpoint(context.Context, string) (string, bool, error)
		})
		if !ok {
			continue
		}
		if endpoint, found, err := s.GetServiceBaseEndpoint(ctx, sdkID); err != nil || found {
			return endpoint, err
		}
	}
	return aws.ToString(cfg.BaseEndpoint), nil
}

// orPlaceholder is AWS's chain of providers, and the placeholder where the
// chain comes to nothing.
type orPlaceholder struct {
	chain aws.CredentialsProvider
}

func (p orPlaceholder) Retrieve(ctx context.Context) (aws.Credentials, error) {
	if p.chain != nil {
		if c, err := p.chain.Retrieve(ctx); err == nil || ctx.Err() != nil {
			return c, err
		}
	}
	return placeholder, nil
}

// StaticCredentials are a fixed pair of keys, and a session token or "".
func StaticCredentials(accessKeyID, secretAccessKey, sessionToken string) aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider(accessKeyID, secretAccessKey, sessionToken)
}

// target is where and as whom a client calls, found once.
type target struct {
	once sync.Once
	err  error

	url         string
	region      string
	credentials aws.CredentialsProvider
}

// resolve fills t from o and the environment the first time. An environment
// that is wrong stays wrong: the error is kept.
func (t *target) resolve(ctx context.Context, o Options) error {
	t.once.Do(func() {
		// Not the caller's context: its end must not spoil the client for others.
		o, err := o.FromEnvironment(context.WithoutCancel(ctx))
		if err != nil {
			t.err = err
			return
		}
		o = o.withPlace()
		u, err := parseEndpoint(o.Endpoint)
		if err != nil {
			t.err = err
			return
		}
		t.url, t.region, t.credentials = u.String(), o.Region, o.Credentials
	})
	return t.err
}
