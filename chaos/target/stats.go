package target

import "sync/atomic"

// Stats is what the server says of itself, counted since its start where it is not a
// state.
type Stats struct {
	Live         int64 `json:"live"`          // WebSocket connections open now
	Accepted     int64 `json:"accepted"`      // TCP connections accepted
	Upgraded     int64 `json:"upgraded"`      // handshakes answered with 101
	Rejected     int64 `json:"rejected"`      // handshakes that found the queue full
	Malformed    int64 `json:"malformed"`     // requests that were no upgrade, not whole, or not in time
	Queue        int64 `json:"queue"`         // handshakes waiting for a worker now
	Stale        int64 `json:"stale"`         // handshakes that were worked on for clients that had left
	Left         int64 `json:"left"`          // handshakes given up by clients before they cost anything
	Messages     int64 `json:"messages"`      // messages echoed
	AcceptErrors int64 `json:"accept_errors"` // failed accepts, for want of descriptors for the most part
	Stalls       int64 `json:"stalls"`        // times that the handshake schedule was put off because this process had stood still

	Replies *RepliesDone `json:"replies,omitempty"` // nil: none were to be late or lost
}

// counters is Stats while it is being counted.
type counters struct {
	live, accepted, upgraded, rejected, malformed, queue, stale, left, messages, acceptErrors, stalls atomic.Int64
}

func (c *counters) read() Stats {
	return Stats{
		Live:         c.live.Load(),
		Accepted:     c.accepted.Load(),
		Upgraded:     c.upgraded.Load(),
		Rejected:     c.rejected.Load(),
		Malformed:    c.malformed.Load(),
		Queue:        c.queue.Load(),
		Stale:        c.stale.Load(),
		Left:         c.left.Load(),
		Messages:     c.messages.Load(),
		AcceptErrors: c.acceptErrors.Load(),
		Stalls:       c.stalls.Load(),
	}
}

// follow takes over what the capacity counts itself.
func (c *counters) follow(queue int, t tally) {
	c.queue.Store(int64(queue))
	c.rejected.Store(int64(t.refused))
	c.left.Store(int64(t.left))
	c.stale.Store(int64(t.stale))
	c.stalls.Store(int64(t.stalls))
}
