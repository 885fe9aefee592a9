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
	// Meant says whether the rule concerns a caller of the cohort at all; one that is not
	// meant enters, and nothing is expected of it.
	Meant(*Caller) bool
	// Receive deals with a caller that is meant.
	Receive(*Caller) Fate
}

// everyone is for rules that concern all callers of the cohort.
type everyone struct{}

// Meant is true.
func (everyone) Meant(*Caller) bool { return true }

// Fate is what becomes of a caller.
type Fate uint8

const (
	Enters Fate = iota // it goes on to the target, maybe late
	Ends               // it has been dealt with: close it
	Resets             // close it with a RST
)

// Caller is a connection at the door.
type Caller struct {
	Context context.Context // done when the fault is over, or the server
	Conn    net.Conn
	Head    []byte // what was read of it so far, as its Stage says
	// TooMany says whether there are more than max connections behind the door or at it, the
	// caller among them; then it is one no longer.
	TooMany func(max int) bool
	// Acted is told each time that a rule has done something to the caller: the counter of
	// the kind's Proof, and how much.
	Acted func(counter string, n int64)
}

// longAgo as a deadline ends a read that is going on.
var longAgo = time.Unix(1, 0)

// hang says nothing until the caller leaves or the fault is over, and tells how much came
// meanwhile, bytes.
func (c *Caller) hang() int64 {
	stop := context.AfterFunc(c.Context, func() { _ = c.Conn.SetReadDeadline(longAgo) })
	defer stop()
	n, _ := io.Copy(io.Discard, c.Conn)
	return n
}
