package door

import (
	"context"
	"io"
	"net"
	"time"
)

// Stage is how far a connection has come when a rule is asked about it.
type Stage uint8

const (
	Accepted Stage = iota // nothing has been read; nobody knows whose it is
	Hello                 // it has begun to speak TLS: Caller.Head is the first of it
	Asked                 // its upgrade request is there: Caller.Head is all of it
)

// Rule is what becomes of the callers of a fault's cohort.
type Rule interface {
	Stage() Stage
	// Receive deals with a caller, and says whether it enters: it goes on to the target, maybe
	// late. Who does not is at its end, and to be closed.
	Receive(*Caller) (enters bool)
}

// Caller is a connection at the door.
type Caller struct {
	Context context.Context // done when the fault is over, or the server
	Conn    net.Conn
	Head    []byte // what was read of it so far, as its Stage says
	// TooMany says whether there are more than max connections behind the door or at it, the
	// caller among them; then it is one no longer.
	TooMany func(max int) bool
	// Act does something to the caller and counts it, by a counter of the kind's Proof, when
	// it says that it could; whoever finds the fault cleared finds it counted. It returns
	// false, and does nothing, when the fault is over.
	Act func(counter string, do func() bool) bool
}

// kept counts a caller that is kept from something, as Act does.
func (c *Caller) kept(counter string) bool {
	return c.Act(counter, func() bool { return true })
}

// longAgo as a deadline ends a read that is going on.
var longAgo = time.Unix(1, 0)

// hang says nothing until the caller leaves or the fault is over.
func (c *Caller) hang() {
	stop := context.AfterFunc(c.Context, func() { _ = c.Conn.SetReadDeadline(longAgo) })
	defer stop()
	_, _ = io.Copy(io.Discard, c.Conn)
}

// reset ends the connection with a RST and says whether it did.
func (c *Caller) reset() bool {
	conn := c.Conn
	if secure, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = secure.NetConn()
	}
	if tcp, ok := conn.(interface{ SetLinger(int) error }); ok {
		_ = tcp.SetLinger(0) // fails only on a closed socket
	}
	return conn.Close() == nil
}
