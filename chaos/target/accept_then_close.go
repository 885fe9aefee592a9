package target

import (
	"time"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/door"
)

func init() {
	obeys(func(e chaos.AcceptThenClose) rule { return acceptThenClose{e} })
}

// acceptThenClose ends connections that have just been opened.
type acceptThenClose struct{ chaos.AcceptThenClose }

func (r acceptThenClose) opened(h *hook, c *connection) {
	c.later(r.After, func() {
		h.act(c, "closed", func() bool {
			switch r.How() {
			case chaos.ThenReset:
				return c.reset()
			case chaos.ThenFIN:
				return c.finish()
			}
			return c.part(uint16(r.Code), "")
		})
	})
}

// later does something after a time, unless the connection has ended before.
func (c *connection) later(after time.Duration, do func()) {
	if after <= 0 {
		do()
		return
	}
	c.atEnd = append(c.atEnd, time.AfterFunc(after, do).Stop)
}

// part begins to end an open connection with a close frame, from any goroutine, and says
// whether the frame went out. The client has lingerTime for its answer; what else it sends
// is dropped.
func (c *connection) part(code uint16, reason string) bool {
	return c.partWithin(c.server.options.WriteTimeout, code, reason)
}

// partWithin is part for a frame that must be out in a time.
func (c *connection) partWithin(limit time.Duration, code uint16, reason string) bool {
	if !c.parting.CompareAndSwap(false, true) {
		return false
	}
	_ = c.conn.SetWriteDeadline(time.Now().Add(limit))
	_, err := c.conn.Write(door.CloseFrame(code, reason))
	_ = c.conn.SetReadDeadline(time.Now().Add(lingerTime))
	return err == nil
}

// finish ends the stream to the client, from any goroutine, without a close frame, and says
// whether it did. The client has lingerTime to do the same.
func (c *connection) finish() bool {
	half, ok := c.conn.(interface{ CloseWrite() error })
	if !ok || !c.parting.CompareAndSwap(false, true) || half.CloseWrite() != nil {
		return false
	}
	if c.raw != c.conn { // that was a message of TLS
		if half, ok = c.raw.(interface{ CloseWrite() error }); !ok || half.CloseWrite() != nil {
			return false
		}
	}
	_ = c.conn.SetReadDeadline(time.Now().Add(lingerTime))
	return true
}

// reset ends the connection with a RST, from any goroutine, and says whether it did.
func (c *connection) reset() bool {
	c.resetOnClose()
	return c.raw.Close() == nil
}
