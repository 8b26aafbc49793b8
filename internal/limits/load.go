package limits

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxFileBytes bounds a limits file.
const maxFileBytes = 64 * kib

// ErrInvalid says that a limits file or profile name is not usable; the text
// around it says what to change.
var ErrInvalid = errors.New("invalid limits")

// Load returns the profile called name (aws, classic or none; empty is aws),
// or reads the file of that name.
func Load(name string) (*Limits, error) {
	if l, ok := profile(name); ok {
		return l, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%w: %q is neither a profile (aws, classic, none) nor a readable file: %w", ErrInvalid, name, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFileBytes {
		return nil, fmt.Errorf("%w: %s is larger than %d bytes", ErrInvalid, name, maxFileBytes)
	}
	l, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return l, nil
}

// Parse reads the YAML text of a limits file. Members that it does not name
// keep the value of its profile; a call rate that it names takes the place of
// that one rate.
func Parse(text []byte) (*Limits, error) {
	var head struct {
		Profile string `yaml:"profile"`
	}
	if err := yaml.Unmarshal(text, &head); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	base, ok := profile(head.Profile)
	if !ok {
		return nil, fmt.Errorf("%w: no profile %q; there are aws, classic and none", ErrInvalid, head.Profile)
	}
	l := base.clone()
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(l); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	l.Profile = base.Profile
	return l, l.validate()
}

func profile(name string) (*Limits, bool) {
	switch strings.ToLower(name) {
	case "", "aws":
		return AWS(), true
	case "classic":
		return Classic(), true
	case "none":
		return None(), true
	}
	return nil, false
}

func (l *Limits) validate() error {
	v := reflect.ValueOf(*l)
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("yaml")
		switch f := v.Field(i); f.Kind() {
		case reflect.Int:
			if f.Int() < 0 {
				return fmt.Errorf("%w: %s must not be negative; 0 means no limit", ErrInvalid, name)
			}
		case reflect.Map:
			for it := f.MapRange(); it.Next(); {
				if it.Value().Int() < 0 {
					return fmt.Errorf("%w: %s of %s must not be negative; 0 means no limit", ErrInvalid, name, it.Key())
				}
			}
		}
	}
	return l.validateSizes()
}

// validateSizes holds the figures that are needed to be there, and those that
// the model itself bounds.
func (l *Limits) validateSizes() error {
	switch {
	case l.MaxRecordBytes < 1 || l.MaxRecordBytes > 10*mib:
		return fmt.Errorf("%w: max_record_bytes must be from 1 to %d", ErrInvalid, 10*mib)
	case l.MaxPutRecordsBytes < 1 || l.MaxPutRecordsBytes > 10*mib:
		return fmt.Errorf("%w: max_put_records_bytes must be from 1 to %d", ErrInvalid, 10*mib)
	case l.MaxGetRecordsBytes < 1 || l.MaxGetRecordsBytes > 10*mib:
		return fmt.Errorf("%w: max_get_records_bytes must be from 1 to %d", ErrInvalid, 10*mib)
	case l.ListStreamsDefault < 1 || l.ListStreamsDefault > 100:
		return fmt.Errorf("%w: list_streams_default must be from 1 to 100", ErrInvalid)
	case l.MaxRetentionHours != 0 && (l.MaxRetentionHours < 24 || l.MaxRetentionHours > 8760):
		return fmt.Errorf("%w: max_retention_hours must be from 24 to 8760", ErrInvalid)
	}
	return nil
}
