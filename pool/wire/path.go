package wire

import (
	"time"

	"github.com/wsheal/wsheal/pool/heal"
)

// Path asks the kernel what it knows of a peer that does not answer: PathUnknown where it
// cannot be asked (no Linux, no bare TCP socket beneath, closed) or cannot say yet.
func (c *Conn) Path() heal.Path {
	if c.socket.raw == nil {
		return heal.PathUnknown
	}
	facts, ok := askKernel(c.socket.raw)
	if !ok {
		return heal.PathUnknown
	}
	return facts.path()
}

// backlog is how many bytes may wait in our kernel before what is handed over behind them
// counts as late because of them.
const backlog = 64 << 10

// Behind is asked when something was handed over: it returns the mark that the peer's
// kernel will have acknowledged when it has all of that. 0: little waits before it, or the
// kernel cannot be asked.
func (c *Conn) Behind() (mark uint64) {
	if c.socket.raw == nil || c.socket.written.Load() <= backlog { // it cannot be asked, or need not be
		return 0
	}
	if waiting, ok := outstanding(c.socket.raw); ok && waiting > backlog {
		if f, ok := askKernel(c.socket.raw); ok {
			return f.acked + uint64(waiting)
		}
	}
	return 0
}

// Taken is when the peer's kernel was last seen to acknowledge something new that lies
// before mark: what ours holds moves, though no write waits for it, and what was handed
// over last is late because of the queue. What is sent behind the mark does not count: a
// proxy goes on taking that for a program that is stuck. It is seen by looking, so that the
// first look may find what is old; 0: there is no mark. It is for one goroutine at a time.
func (c *Conn) Taken(mark uint64) heal.Instant {
	if mark == 0 {
		return 0
	}
	if f, ok := askKernel(c.socket.raw); ok && min(f.acked, mark) > c.acked {
		c.acked = min(f.acked, mark)
		c.taken = heal.Instant(max(0, time.Since(c.socket.epoch)-f.ago))
	}
	return c.taken
}

// facts is what TCP knows of the other end (tcp_info of Linux).
type facts struct {
	established bool
	retransmits uint8         // how often in a row the same bytes were sent again, in vain so far
	probes      uint8         // probes in a row, of a closed window or a long silence, without an answer
	unacked     uint32        // segments that are on their way
	waiting     uint32        // bytes that the kernel has not sent yet
	window      uint32        // bytes that the peer has room for
	sent        uint64        // bytes that were sent in all
	acked       uint64        // bytes that were acknowledged in all
	ago         time.Duration // since an acknowledgement arrived
}

// twice is how often in a row something must have been lost before the path is blamed:
// once is an accident.
const twice = 2

// path draws the conclusion. Whoever asks has sent something, a ping at least, that the
// peer's program has not answered.
func (f facts) path() heal.Path {
	switch {
	case !f.established || f.sent == 0:
		return heal.PathUnknown
	case f.retransmits >= twice || f.probes >= twice:
		return heal.PathDead
	case f.unacked == 0 && f.waiting == 0:
		return heal.PathFrozen // its kernel has all of it, and only its program could answer
	case f.unacked == 0 && f.window == 0:
		return heal.PathFrozen // its program does not read: the window is closed, and probes are answered
	}
	return heal.PathUnknown
}
