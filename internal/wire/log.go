package wire

import (
	"log/slog"
	"time"
)

// levelAccess is the level of the access log.
const levelAccess = slog.LevelDebug

// attrs is what the access log says of a request. Nothing in it comes from
// the client, but the name of an operation that exists.
func (x *exchange) attrs() []slog.Attr {
	attrs := []slog.Attr{
		slog.String("request_id", x.id),
		slog.String("operation", x.operation),
		slog.Int("status", x.status),
		slog.Duration("duration", time.Since(x.start)),
	}
	if x.code != "" {
		attrs = append(attrs, slog.String("error_code", x.code))
	}
	return attrs
}
