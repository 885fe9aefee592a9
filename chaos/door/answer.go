package door

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// patience bounds what a rule writes, and how long it waits for a caller to leave that
// has been told to.
const patience = 2 * time.Second

// say writes to the caller and tells whether all of it went out.
func (c *Caller) say(b []byte) bool {
	_ = c.Conn.SetWriteDeadline(time.Now().Add(patience))
	_, err := c.Conn.Write(b)
	_ = c.Conn.SetWriteDeadline(time.Time{})
	return err == nil
}

// finish ends the stream to the caller.
func (c *Caller) finish() bool {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	return ok && half.CloseWrite() == nil
}

// part ends the stream to the caller and reads on until it has ended its own, within
// bounds: to close over what is unread would be a RST, which can overtake what was said.
func (c *Caller) part() {
	c.finish()
	_ = c.Conn.SetReadDeadline(time.Now().Add(patience))
	_, _ = io.CopyN(io.Discard, c.Conn, 64<<10)
}

// dismiss writes the last that the caller is told, counts it, and lets it leave; false, and
// nothing is written, when the fault is over.
func (c *Caller) dismiss(counter string, b []byte) bool {
	if !c.Act(counter, func() bool { return c.say(b) }) {
		return false
	}
	c.part()
	return true
}

// key is the Sec-WebSocket-Key of the request; empty when there is none: it is no upgrade,
// and the target's to judge.
func (c *Caller) key() string {
	r, err := parsed(c.Head)
	if err != nil {
		return ""
	}
	return r.Header.Get("Sec-WebSocket-Key")
}

func parsed(head []byte) (*http.Request, error) {
	return http.ReadRequest(bufio.NewReader(bytes.NewReader(head)))
}

// accepted is the value of Sec-WebSocket-Accept for a key, RFC 6455 4.2.2.
func accepted(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// response is an HTTP response; header has whole lines, without their ends.
func response(status int, header []string, body string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	for _, line := range header {
		b.WriteString(line + "\r\n")
	}
	return []byte(b.String() + "\r\n" + body)
}

// switching is a 101 for a key, with more header lines.
func switching(key string, more ...string) []byte {
	return response(http.StatusSwitchingProtocols, append([]string{
		"Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: " + accepted(key),
	}, more...), "")
}

// page is a response with a body, after which the connection is closed.
func page(status int, body string, more ...string) []byte {
	return response(status, append([]string{
		"Content-Type: text/plain; charset=utf-8", fmt.Sprintf("Content-Length: %d", len(body)), "Connection: close",
	}, more...), body)
}
