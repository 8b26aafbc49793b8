package sigv4

import (
	"bufio"
	"net/http"
	"strings"
)

// readRequest reads a request as net/http's server does.
func readRequest(text string) (*http.Request, error) {
	return http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
}
