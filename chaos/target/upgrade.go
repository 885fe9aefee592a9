package target

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gobwas/ws"

	"github.com/wsheal/wsheal/chaos"
)

// identity is who a connection says it belongs to.
type identity struct {
	known  bool
	client uint64
	gen    uint32
}

// parseIdentity reads "client/generation"; clients that are not ours may leave the second out.
func parseIdentity(v string) (identity, error) {
	c, g, told := strings.Cut(v, "/")
	client, err := strconv.ParseUint(c, 10, 64)
	var gen uint64
	if told && err == nil {
		gen, err = strconv.ParseUint(g, 10, 32)
	}
	if err != nil {
		return identity{}, fmt.Errorf("%s: %q, expected client/generation, or a client alone", chaos.IdentityHeader, v)
	}
	return identity{known: true, client: client, gen: uint32(gen)}, nil
}

var (
	endOfRequest = []byte("\r\n\r\n")
	errTooLarge  = errors.New("upgrade request too large")
)

// readRequest reads up to the end of the request's header, which is the whole of an
// upgrade request, and returns its length. What follows it stays in in as well.
func readRequest(src io.Reader, in *inbox) (int, error) {
	seen := 0 // bytes in which the end does not begin
	for {
		if i := bytes.Index(in.bytes()[seen:], endOfRequest); i >= 0 {
			if n := seen + i + len(endOfRequest); n <= maxRequest {
				return n, nil
			}
			return 0, errTooLarge
		}
		seen = max(0, len(in.bytes())-len(endOfRequest)+1)
		if len(in.bytes()) >= maxRequest {
			return 0, errTooLarge
		}
		if err := in.read(src); err != nil {
			return 0, err
		}
	}
}

// answer parses an upgrade request and returns what is to be written to the client: a
// 101 or, with an error, what else the request deserves.
func answer(request []byte) (response []byte, who identity, err error) {
	exchange := &exchange{request: bytes.NewReader(request)}
	_, err = ws.Upgrader{
		ReadBufferSize: maxRequest,
		Protocol:       func([]byte) bool { return true },
		OnHeader: func(key, value []byte) error {
			if string(key) != chaos.IdentityHeader {
				return nil
			}
			var err error
			if who, err = parseIdentity(string(value)); err != nil {
				return ws.RejectConnectionError(ws.RejectionStatus(http.StatusBadRequest), ws.RejectionReason(err.Error()))
			}
			return nil
		},
	}.Upgrade(exchange)
	response = exchange.response.Bytes()
	if err != nil && len(response) == 0 {
		// What is no HTTP at all gets no answer from the upgrader.
		response = plainResponse(http.StatusBadRequest, nil)
	}
	return response, who, err
}

// exchange is a request and its response in memory, so that the upgrader never waits
// and never answers before a worker was had.
type exchange struct {
	request  io.Reader
	response bytes.Buffer
}

func (e *exchange) Read(p []byte) (int, error)  { return e.request.Read(p) }
func (e *exchange) Write(p []byte) (int, error) { return e.response.Write(p) }

// plainResponse is a response without a body after which the connection is closed.
func plainResponse(status int, header map[string]string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	for k, v := range header {
		fmt.Fprintf(&b, "%s: %s\r\n", k, v)
	}
	b.WriteString("Content-Length: 0\r\nConnection: close\r\n\r\n")
	return b.Bytes()
}

// overloaded is the answer to a handshake that found the queue full.
func overloaded(retryAfter time.Duration) []byte {
	var header map[string]string
	if retryAfter > 0 {
		header = map[string]string{"Retry-After": strconv.Itoa(int(retryAfter / time.Second))}
	}
	return plainResponse(http.StatusServiceUnavailable, header)
}
