package target

import (
	"time"

	"github.com/wsheal/wsheal/chaos"
)

func init() { obeys(func(e chaos.WSClose) rule { return wsClose{e} }) }

// wsClose parts from clients as a server does of its own accord: with a close frame, after
// which the client has lingerTime for its answer.
type wsClose struct{ chaos.WSClose }

// sendLimit bounds how long an injection waits for a client that reads nothing.
const sendLimit = time.Second

// sweep leaves a client alone that has not got all of its 101 in that time.
func (r wsClose) sweep(h *hook, c *connection) {
	select {
	case <-c.answered:
		r.opened(h, c)
	case <-time.After(sendLimit):
	}
}

func (r wsClose) opened(h *hook, c *connection) {
	h.act(c, "close_frames", func() bool { return c.partWithin(sendLimit, uint16(r.Code), r.Reason) })
}
