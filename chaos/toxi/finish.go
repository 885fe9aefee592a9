package toxi

import (
	"encoding/binary"
	"time"
)

// lingerTime is for how long a connection that was ended with a FIN is read on, so that its
// peers see the FIN and not the RST that closing over unread bytes would be.
const lingerTime = 5 * time.Second

// finish ends the connection with a FIN on both sides although bytes may still come: they
// are read and dropped, and the sockets closed once the peers have ended theirs. It is
// counted for the order when the client's side has taken the FIN.
func (c *conn) finish(o *order) fate {
	c.cutMu.Lock()
	defer c.cutMu.Unlock()
	if c.proxy.deaf {
		return livesOn
	}
	if r, ok := o.rule.(wsClose); ok { // its frame has been written
		c.dismissed(binary.BigEndian.Uint16(r.payload))
	}
	// Nothing goes on either way before anybody is told, so that what a peer makes of its FIN
	// does not cross.
	down, _ := c.down.shutOff(), c.up.shutOff()
	if !down {
		return wasClosed
	}
	came, now := c.parted()
	c.up.tell()
	c.linger.Store(time.AfterFunc(lingerTime, c.end))
	if came == isCut {
		c.counts(o, "fins", 1)
		c.hitBy(o, now)
	}
	return came
}

// parted tells the client its end, and notes that the fault ended the connection before what
// the client makes of that can be noted.
func (c *conn) parted() (came fate, now int64) {
	c.seen.mu.Lock()
	defer c.seen.mu.Unlock()
	came, now = c.down.tell(), c.proxy.clock()
	if came == isCut {
		c.seen.endedBy("fault", false, now)
	}
	return came, now
}

// halve ends the stream of one lane with a FIN and leaves the other as it is. What still
// comes that way is read and dropped.
func (c *conn) halve(l *lane) fate {
	switch {
	case c.proxy.deaf:
		return livesOn
	case !l.shutOff():
		return wasClosed
	}
	return l.tell()
}

// shutOff lets nothing go on any more, and says whether anything could have.
func (l *lane) shutOff() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.isEnding() {
		return false
	}
	l.shut = true
	l.moved.Broadcast()
	l.poke()
	return true
}

// tell sends the other side the FIN of a lane that was shut.
func (l *lane) tell() fate {
	if l.out.to.CloseWrite() != nil { // which ends a write that is going on, too
		return wasClosed
	}
	return isCut
}

// isEnding says whether the lane has ended, or will by what cannot be taken back. l.mu is
// held.
func (l *lane) isEnding() bool {
	return l.shut || l.closed || l.ended && l.head == len(l.queue) || l.conn.over.Load() || l.conn.ghost.Load() != nil
}
