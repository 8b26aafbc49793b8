package server

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Clients that know beforehand that the service speaks HTTP/2 do not ask for it
// in the TLS hello: the SDK for Java sends the preface at once.
func TestPriorKnowledgeOverTLS(t *testing.T) {
	s := newFront(t, Config{}, nil)
	config := trust(t, s)
	var p http.Protocols
	p.SetUnencryptedHTTP2(true)
	transport := &http.Transport{
		Protocols: &p,
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			c := tls.Client(dial(t, s), config)
			if err := c.Handshake(); err != nil {
				return nil, err
			}
			return hidden{c}, nil
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport, Timeout: 10 * time.Second}
	for range 3 {
		r := request(t, s, "ListStreams", strings.NewReader("{}"))
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK || resp.ProtoMajor != 2 {
			t.Fatalf("%s %d, %v\n%s", resp.Proto, resp.StatusCode, err, body)
		}
	}
}

// hidden shows a connection over TLS as one that is not.
type hidden struct{ net.Conn }
