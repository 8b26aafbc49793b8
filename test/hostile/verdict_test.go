package hostile

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// explained are the faults on the server's side that a request can ask for:
// a version of HTTP that there is not, a transfer coding that nobody has, and
// SubscribeToShard in CBOR, which Kinesis fails in the same way.
func explained(status int, body string) bool {
	switch status {
	case http.StatusHTTPVersionNotSupported, http.StatusNotImplemented:
		return true
	case http.StatusInternalServerError:
		return strings.Contains(body, "InternalFailure") && !strings.HasPrefix(body, "{")
	}
	return false
}

// judge reads answers to the end of a connection and says what is wrong with
// one of them; tally counts them by status.
func judge(from io.Reader, tally func(status int)) error {
	in := bufio.NewReader(from)
	for {
		if first, err := in.Peek(1); err != nil || first[0] == 0 {
			return nil // the end, or frames of HTTP/2
		}
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			return nil // cut in the middle, as a reset of the connection does
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			return nil
		}
		tally(res.StatusCode)
		if err := readable(res, string(body)); err != nil {
			return err
		}
	}
}

// readable holds an answer to the form of AWS's.
func readable(res *http.Response, body string) error {
	if res.StatusCode >= 500 && !explained(res.StatusCode, body) {
		return fmt.Errorf("status %d: %s", res.StatusCode, body)
	}
	if res.StatusCode < 300 {
		return nil
	}
	switch media := res.Header.Get("Content-Type"); media {
	case jsonType, "application/json":
		var fault struct {
			Type string `json:"__type"`
		}
		if err := json.Unmarshal([]byte(body), &fault); err != nil || fault.Type == "" {
			return fmt.Errorf("status %d: no __type in %q", res.StatusCode, body)
		}
	case cborType:
		if !strings.Contains(body, "\x66__type") {
			return fmt.Errorf("status %d: no __type in %x", res.StatusCode, body)
		}
	case "": // Kinesis's XML, which has no media type
		if !strings.HasPrefix(body, "<") {
			return fmt.Errorf("status %d: %q has no media type and is no XML", res.StatusCode, body)
		}
	default:
		return fmt.Errorf("status %d: Content-Type %q: %q", res.StatusCode, media, body)
	}
	return nil
}
