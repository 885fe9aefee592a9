package memnet

import (
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// half is one direction of a connection. Its mutex is held for a few instructions
// only; whoever has to wait does so on channels, which a synctest bubble can see.
type half struct {
	latency  time.Duration
	size     int         // capacity, bytes
	opposite *half       // the other direction, whose FIN and RST tell the writer that nobody reads
	held     atomic.Bool // changed under mu, read by both directions

	mu       sync.Mutex
	flight   []piece // in order of writing
	used     int     // bytes in flight
	fin      bool    // the writer is done: a FIN or RST is the last piece
	writer   end
	reader   end
	farewell error         // what the writer gets once the reader has closed: EPIPE or ECONNRESET
	consumed error         // what the reader gets for ever once it has read the last piece
	changed  chan struct{} // closed at the next change; nil when nobody waits
}

// piece is some bytes, or the end of the stream, and when it arrives.
type piece struct {
	at    time.Time
	bytes []byte
	end   error // io.EOF for a FIN, ECONNRESET for a RST
}

// end is what one side of a half has set.
type end struct {
	deadline time.Time
	closed   bool
}

func newHalf(size int, latency time.Duration) *half {
	return &half{size: size, latency: latency, farewell: syscall.EPIPE}
}

// wake tells all that wait to look again. h.mu must be held.
func (h *half) wake() {
	if h.changed != nil {
		close(h.changed)
		h.changed = nil
	}
}

// wait releases h.mu until something changes, or until the earlier of the two
// moments (zero: never), and takes it again.
func (h *half) wait(one, other time.Time) {
	if h.changed == nil {
		h.changed = make(chan struct{})
	}
	changed := h.changed
	h.mu.Unlock()
	defer h.mu.Lock()
	until := one
	if until.IsZero() || !other.IsZero() && other.Before(until) {
		until = other
	}
	if until.IsZero() {
		<-changed
		return
	}
	t := time.NewTimer(time.Until(until))
	defer t.Stop()
	select {
	case <-changed:
	case <-t.C:
	}
}

// expired tells whether a deadline has passed.
func (e *end) expired() bool {
	return !e.deadline.IsZero() && !time.Now().Before(e.deadline)
}

// read takes what has arrived.
func (h *half) read(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		switch {
		case h.reader.closed:
			return 0, net.ErrClosed
		case h.reader.expired():
			return 0, os.ErrDeadlineExceeded
		case h.consumed != nil:
			return 0, h.consumed
		}
		var arrival time.Time
		if len(h.flight) > 0 && !h.held.Load() {
			first := &h.flight[0]
			if !time.Now().Before(first.at) {
				if first.end != nil {
					h.consumed = first.end
					h.flight = nil
					continue
				}
				if len(p) == 0 {
					return 0, nil
				}
				return h.take(p), nil
			}
			arrival = first.at
		}
		if len(p) == 0 {
			return 0, nil
		}
		h.wait(arrival, h.reader.deadline)
	}
}

// take copies from all pieces that have arrived.
func (h *half) take(p []byte) (n int) {
	now := time.Now()
	for n < len(p) && len(h.flight) > 0 {
		first := &h.flight[0]
		if first.end != nil || now.Before(first.at) {
			break
		}
		k := copy(p[n:], first.bytes)
		n += k
		if first.bytes = first.bytes[k:]; len(first.bytes) == 0 {
			h.flight = h.flight[1:]
		}
	}
	h.used -= n
	h.wake()
	return n
}

// write puts p in flight, waiting for room.
func (h *half) write(p []byte) (n int, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		switch {
		case h.writer.closed:
			return n, net.ErrClosed
		case h.fin:
			return n, syscall.EPIPE
		case h.reader.closed && !h.held.Load() && !h.opposite.held.Load():
			return n, h.farewell
		case h.writer.expired():
			return n, os.ErrDeadlineExceeded
		case n == len(p):
			return n, nil
		}
		if room := h.size - h.used; room > 0 {
			k := min(room, len(p)-n)
			h.flight = append(h.flight, piece{at: time.Now().Add(h.latency), bytes: append([]byte(nil), p[n:n+k]...)})
			h.used += k
			n += k
			h.wake()
			continue
		}
		h.wait(time.Time{}, h.writer.deadline)
	}
}

// finish ends the stream after what is in flight: io.EOF or ECONNRESET. Only the
// first end counts.
func (h *half) finish(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.fin {
		h.fin = true
		h.flight = append(h.flight, piece{at: time.Now().Add(h.latency), end: err})
		h.wake()
	}
}

// reset ends the stream with ECONNRESET even where it was ended by a FIN before.
func (h *half) reset() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.fin = true
	if h.consumed == nil || h.consumed == io.EOF {
		h.consumed = nil
		h.flight = append(withoutEnd(h.flight), piece{at: time.Now().Add(h.latency), end: resetError})
	}
	h.wake()
}

func withoutEnd(flight []piece) []piece {
	if n := len(flight); n > 0 && flight[n-1].end != nil {
		return flight[:n-1]
	}
	return flight
}

// set changes what one side has set.
func (h *half) set(change func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change()
	h.wake()
}

var resetError = os.NewSyscallError("read", syscall.ECONNRESET)
