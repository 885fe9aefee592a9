package wire

import "github.com/wsheal/wsheal/pool/heal"

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

// facts is what TCP knows of the other end (tcp_info of Linux).
type facts struct {
	established bool
	retransmits uint8  // how often in a row the same bytes were sent again, in vain so far
	probes      uint8  // probes in a row, of a closed window or a long silence, without an answer
	unacked     uint32 // segments that are on their way
	waiting     uint32 // bytes that the kernel has not sent yet
	window      uint32 // bytes that the peer has room for
	sent        uint64 // bytes that were sent in all
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
