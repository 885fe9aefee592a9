package toxi

import (
	"net"

	"github.com/wsheal/wsheal/chaos"
)

// told is a client's socket at the door: what a rule answers there in the target's place is
// noted for whoever watches, as the target's own answer is, and so is how the rule ends it.
type told struct {
	*net.TCPConn
	conn     *conn
	who      identity
	misleads bool // a 101 of this rule is no upgrade: nobody takes it for one
	resets   bool // closing it is a RST
}

// Write notes the status of an answer, and a close frame behind it.
func (t *told) Write(b []byte) (int, error) {
	c := t.conn
	c.introduced(t.who) // before it is known what becomes of it
	n, err := t.TCPConn.Write(b)
	opened := c.status.feed(b[:n])
	c.seen.status.Store(int32(c.status.status()))
	if opened && !t.misleads {
		c.openedFor()
	}
	l := c.down
	l.mu.Lock()
	head, _ := l.frames.http(b[:n])
	if c.status.status() == 101 && l.frames.phase == inFrames {
		l.frames.follow(b[head:n])
	}
	closing := l.frames.said.closing
	l.mu.Unlock()
	if closing {
		c.seen.closing(chaos.Down)
	}
	return n, err
}

// CloseWrite ends the stream to the client; what it says to that is read on.
func (t *told) CloseWrite() error {
	err := t.TCPConn.CloseWrite()
	t.conn.endedBy("fault", false, t.conn.proxy.clock())
	return err
}

// SetLinger remembers that closing will be a RST.
func (t *told) SetLinger(sec int) error {
	t.resets = sec == 0
	return t.TCPConn.SetLinger(sec)
}

// Close ends the connection.
func (t *told) Close() error {
	t.conn.endedBy("fault", t.resets, t.conn.proxy.clock())
	return t.TCPConn.Close()
}
