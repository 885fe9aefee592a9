package door

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"time"

	"github.com/wsheal/wsheal/chaos"
)

// AcceptThenClose accepts callers in the target's place, and ends them.
type AcceptThenClose struct{ chaos.AcceptThenClose }

// Stage is that of the request.
func (AcceptThenClose) Stage() Stage { return Asked }

// Receive sees the caller through its short life. When the fault is over before, it ends
// there and then in the same way, as there is no target behind it.
func (r AcceptThenClose) Receive(c *Caller) bool {
	key := c.key()
	if key == "" {
		return true
	}
	if !c.say(switching(key)) || c.hasLeft(r.After) {
		return false
	}
	end := func() bool {
		switch r.How() {
		case chaos.ThenReset:
			return c.reset()
		case chaos.ThenFIN:
			return c.finish()
		}
		return c.say(CloseFrame(uint16(r.Code), ""))
	}
	if !c.Act("closed", end) {
		end()
	}
	c.part()
	return false
}

// CloseFrame is a server's close frame. The reason is at most 123 bytes.
func CloseFrame(code uint16, reason string) []byte {
	b := []byte{0x88, byte(2 + len(reason))}
	return append(binary.BigEndian.AppendUint16(b, code), reason...)
}

// hasLeft reads what the caller says, and drops it, for a time or what is left of the fault,
// and says whether the caller left meanwhile.
func (c *Caller) hasLeft(d time.Duration) bool {
	if d <= 0 {
		return false
	}
	_ = c.Conn.SetReadDeadline(time.Now().Add(d))
	stop := context.AfterFunc(c.Context, func() { _ = c.Conn.SetReadDeadline(longAgo) })
	defer stop()
	_, err := io.Copy(io.Discard, c.Conn)
	return !errors.Is(err, os.ErrDeadlineExceeded)
}
