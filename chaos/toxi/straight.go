package toxi

import (
	"cmp"
	"net"
	"syscall"
	"time"

	"github.com/Shopify/toxiproxy/v2/stream"

	"github.com/wsheal/wsheal/chaos"
)

// straight writes what was read to the other side at once, past the link, and says whether
// it did: not while anything is in force on the lane, or on its way, or has still to be
// learned of the connection; then the link is to bring it to push. What the socket has no
// room for goes into the queue. As the write waits for nothing and is made under the lane's
// lock, whoever arms finds nothing of it in flight.
func (l *lane) straight(b []byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refresh()
	if !l.isClear() {
		l.handed++
		return false
	}
	if l.frames.phase == inFrames {
		l.frames.follow(b)
		if l.frames.said.closing {
			l.conn.seen.closing(l.way)
		}
	}
	n := l.out.try(b)
	if n == len(b) {
		l.count++
		return true
	}
	now := time.Now()
	rest := &stream.StreamChunk{Data: append([]byte(nil), b[n:]...), Timestamp: now}
	l.enqueue(item{chunk: rest, came: now})
	l.poke()
	return true
}

// isClear says whether a chunk may pass by the link. l.mu is held.
func (l *lane) isClear() bool {
	c := l.conn
	switch {
	case l.stage == nobody || l.frames.phase == inHead || l.plan.any:
		return false
	case l.handed != l.pushed || l.head < len(l.queue) || l.inflight > 0:
		return false
	case l.claimed != claimed{} || len(l.waiting) > 0 || l.behind.do != nothing:
		return false
	case l.ended || l.closed || l.shut || l.barred || l.parked || c.over.Load() || c.ghost.Load() != nil:
		return false
	case l.way == chaos.Up:
		return !c.hushed.Load()
	}
	return c.status.done && c.served.Load()
}

// try writes what there is room for, and counts it as write does. Whoever writes the rest
// meets what kept it from being written; but a RST is told to the first that asks, so that
// whoever reads may find an end of stream there. The lane's lock is held.
func (s *sink) try(b []byte) int {
	c := s.lane.conn
	culprits := c.holding(s.lane.way, false)
	n, err := s.to.writeNow(b)
	s.to.spoiled(err)
	for _, o := range culprits {
		o.leaked.Add(int64(n))
	}
	c.crossed(s.lane.way, n)
	return n
}

// prompt is what a write that does not wait needs and leaves. Of a socket there is one such
// write at a time. The zero value is ready.
type prompt struct {
	raw  syscall.RawConn // nil: none has been made
	ask  func(fd uintptr) bool
	data []byte
	n    int
	err  error
}

// write writes what a socket has room for and returns how many bytes that were.
func (w *prompt) write(tcp *net.TCPConn, b []byte) (int, error) {
	if w.raw == nil {
		raw, err := tcp.SyscallConn()
		if err != nil {
			return 0, err
		}
		w.raw, w.ask = raw, w.once // made once, as a RawConn makes it escape
	}
	w.data, w.n, w.err = b, 0, nil
	err := w.raw.Write(w.ask)
	w.data = nil
	return w.n, cmp.Or(err, w.err)
}

// once asks the kernel, and not again.
func (w *prompt) once(fd uintptr) bool {
	w.n, w.err = writeFD(fd, w.data)
	return true
}
