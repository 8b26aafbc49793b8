package kinesis

import (
	"errors"
	"log/slog"
	"net/http"
	"time"
)

// skewTolerance is how far the clocks may differ before the difference is
// taken for the reason of a refused signature. The service's window is five
// minutes either way.
const skewTolerance = 2 * time.Minute

// serviceTime is the time that requests are signed with.
func (c *Client) serviceTime() time.Time {
	return c.now().Add(time.Duration(c.skew.Load())).UTC()
}

// resetClock sets the client's idea of the service's clock after a signature
// was refused, from the Date of the answer, and says whether that makes
// another attempt worth while. It does so once in a call.
func (c *call) resetClock(a *answer, err error) bool {
	e, ok := errors.AsType[*ResponseError](err)
	if !ok || c.skewTried || e.Code != "InvalidSignatureException" && e.Code != "RequestTimeTooSkewed" {
		return false
	}
	date, err := http.ParseTime(a.header.Get("Date"))
	if err != nil {
		return false
	}
	if off := date.Sub(c.client.serviceTime()); off.Abs() < skewTolerance {
		return false
	}
	c.skewTried = true
	skew := date.Sub(c.client.now())
	c.client.skew.Store(int64(skew))
	c.log.Debug("clock set to the service's", slog.Duration("skew", skew))
	return true
}
