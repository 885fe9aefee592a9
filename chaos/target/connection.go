package target

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

// connection is one accepted connection. It is its goroutine's alone, but for conn,
// which the server closes from outside, and who and open, which the server's mutex
// guards.
type connection struct {
	server     *Server
	conn       net.Conn
	in         *inbox
	writeArmed time.Time // when the write deadline was last moved

	who  identity
	open bool // upgraded
}

// serve sees the connection through its life.
func (c *connection) serve(ctx context.Context) {
	defer c.conn.Close()
	c.in = newInbox()
	defer func() { c.in.use(nil) }()
	if !c.handshake(ctx) {
		return
	}
	err := c.echo()
	c.server.closed(c)
	if v, ok := errors.AsType[*violation](err); ok {
		c.refuse(v)
	}
}

// handshake reads the upgrade request, has it served by the capacity, and answers it.
// It says whether the connection is a WebSocket from here.
func (c *connection) handshake(ctx context.Context) bool {
	s := c.server
	_ = c.conn.SetReadDeadline(time.Now().Add(s.options.RequestTimeout))
	n, err := readRequest(c.conn, c.in)
	if err != nil {
		// A client that leaves before it has said anything has asked for nothing.
		if len(c.in.bytes()) > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
			s.count.malformed.Add(1)
		}
		if errors.Is(err, errTooLarge) && c.write(plainResponse(http.StatusRequestHeaderFieldsTooLarge, nil)) == nil {
			c.linger()
		}
		return false
	}
	response, who, err := answer(c.in.bytes()[:n])
	c.in.consume(n)
	if err != nil {
		s.count.malformed.Add(1)
		if c.write(response) == nil {
			c.linger()
		}
		return false
	}
	_ = c.conn.SetReadDeadline(time.Time{})
	t, f := s.reception.admit(ctx, c.conn, c.in)
	switch f {
	case admitted:
		// Counted before the answer is out, so that a client that has it finds itself counted.
		s.opened(c, who)
		if err := c.write(response); err != nil {
			s.unopened(c)
			s.reception.leave(ctx, t)
			return false
		}
		return true
	case refused:
		c.turnAway()
	}
	return false
}

// turnAway does with the client what the options say of a full queue.
func (c *connection) turnAway() {
	h := c.server.options.Handshake
	switch h.Overflow {
	case OverflowReset:
		if tcp, ok := c.conn.(interface{ SetLinger(int) error }); ok {
			_ = tcp.SetLinger(0)
		}
	case OverflowHang:
		_, _ = io.Copy(io.Discard, c.conn)
	default:
		_ = c.write(overloaded(h.RetryAfter))
	}
}
