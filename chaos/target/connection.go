package target

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/wsheal/wsheal/chaos/door"
)

// connection is one accepted connection. It is its goroutine's alone, but for conn,
// which the server closes from outside, and who, open and turned, which the server's mutex
// guards.
type connection struct {
	server     *Server
	raw        net.Conn // as it was accepted
	conn       net.Conn // the same, or TLS over it
	in         *inbox
	writeArmed time.Time // when the write deadline was last moved
	ordinal    uint64    // of arrival, from 0

	who    identity // of the request, once that is read
	open   bool     // upgraded
	token  string   // that the request brought; empty: none
	turned bool     // dealt with at the door: it does not count as inside

	answered chan struct{} // closed when the 101 is out

	parting atomic.Bool   // a close frame of ours is out, or a FIN; the client's answer ends it
	atEnd   []func() bool // called when it ends

	withheld withheld
}

// client is the number of the client whose connection it is, as far as is known.
func (c *connection) client() uint64 {
	if c.who.known {
		return c.who.client
	}
	return foreign | c.ordinal
}

// serve sees the connection through its life.
func (c *connection) serve(ctx context.Context) {
	defer func() { c.conn.Close() }()
	c.in = newInbox()
	defer func() { c.in.use(nil) }()
	if !c.enters(door.Accepted, nil) || !c.secured(ctx) || !c.handshake(ctx) {
		return
	}
	c.wasOpened()
	if c.server.replies.pausing() { // it was let in as the pause began
		c.part(pauseCode, "")
	}
	err := c.echo()
	c.withheld.end()
	for _, stop := range c.atEnd {
		stop()
	}
	c.server.closed(c)
	if v, ok := errors.AsType[*violation](err); ok && !c.parting.Load() {
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
	request := c.in.bytes()[:n]
	response, who, err := answer(request)
	s.identify(c, who, door.Token(request))
	_ = c.conn.SetReadDeadline(time.Time{})
	if err == nil && !c.enters(door.Asked, request) {
		return false
	}
	c.in.consume(n)
	if err != nil {
		s.count.malformed.Add(1)
		if c.write(response) == nil {
			c.linger()
		}
		return false
	}
	if s.replies != nil {
		s.replies.enter(ctx)
	}
	t, f := s.reception.admit(ctx, c.conn, c.in)
	switch f {
	case admitted:
		// Counted before the answer is out, so that a client that has it finds itself counted.
		s.opened(c)
		if err := c.say(response); err != nil {
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
		c.resetOnClose()
	case OverflowHang:
		_, _ = io.Copy(io.Discard, c.conn)
	default:
		_ = c.write(overloaded(h.RetryAfter))
	}
}

// resetOnClose has the connection end with a RST when it is closed.
func (c *connection) resetOnClose() {
	if tcp, ok := c.raw.(interface{ SetLinger(int) error }); ok {
		_ = tcp.SetLinger(0)
	}
}

// enters says whether the connection passes a stage of the door, by the hooks in force: the
// first that does not let it pass decides, and has dealt with it.
func (c *connection) enters(stage door.Stage, head []byte) bool {
	for _, h := range c.server.hooks.inForce() {
		if r, ok := h.rule.(door.Rule); ok && r.Stage() == stage && h.has(c) && !r.Receive(h.caller(c, head)) {
			return false
		}
	}
	return true
}

// wasOpened tells the hooks in force that the upgrade has been answered.
func (c *connection) wasOpened() {
	close(c.answered)
	for _, h := range c.server.hooks.inForce() {
		if r, ok := h.rule.(opener); ok && h.has(c) {
			r.opened(h, c)
		}
	}
}
