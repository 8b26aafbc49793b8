package hostile

import (
	"bufio"
	"encoding/base64"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

func base64Of(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// heavy sends a request and gives the verdict: the status, and where it is no
// 200, the body.
func (t *target) heavy(tb testing.TB, request string) string {
	conn := t.dial(tb)
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(90 * time.Second))
	go io.WriteString(conn, request)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	switch {
	case err != nil:
		return err.Error()
	case res.StatusCode != http.StatusOK:
		return strconv.Itoa(res.StatusCode) + " " + string(body)
	case !strings.Contains(string(body), `"FailedRecordCount":0`):
		return "200 with failed records: " + string(body[:min(len(body), 300)])
	}
	return "200"
}
