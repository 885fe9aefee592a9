package toxi

import (
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/wsheal/wsheal/chaos"
)

// The buffers of a link's two ends begin small, because most WebSocket connections are
// idle, and grow once to this when a read fills them.
const (
	smallBuffer = 4 << 10
	largeBuffer = 32 << 10
)

// past is a deadline that has gone by: setting it ends a write that is going on.
var past = time.Unix(1, 0)

// endpoint is one side's socket as a lane's ends need it: the accepted connection, or
// the remote with its dial.
type endpoint interface {
	io.ReadWriteCloser
	CloseWrite() error
	writeNow(b []byte) (int, error) // writes what there is room for, without waiting
	SetLinger(sec int) error
	SetWriteDeadline(t time.Time) error
}

// side is the endpoint with what is known of how it ended.
type side struct {
	endpoint
	broken atomic.Bool // its peer sent a RST, or it could not be dialled
}

// spoiled remembers an error that means a RST.
func (s *side) spoiled(err error) {
	if errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, errDial) {
		s.broken.Store(true)
	}
}

// source is where a lane's bytes come from, in the form that Toxiproxy's link wants.
type source struct {
	from *side
	lane *lane
}

// Read is there for the interface; io.Copy uses WriteTo.
func (s *source) Read(b []byte) (int, error) { return s.from.Read(b) }

// WriteTo copies until the end of stream, each read as one chunk.
func (s *source) WriteTo(w io.Writer) (int64, error) {
	defer s.lane.conn.proxy.ends.Done()
	defer s.lane.conn.partEnded()
	buf := make([]byte, smallBuffer)
	var sum int64
	for {
		n, err := s.from.Read(buf)
		if n > 0 {
			sum += int64(n)
			if !s.lane.straight(buf[:n]) {
				if _, err := w.Write(buf[:n]); err != nil {
					return sum, err
				}
			}
		}
		if err != nil {
			s.from.spoiled(err)
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return sum, err
		}
		if n == len(buf) && n < largeBuffer {
			buf = make([]byte, largeBuffer)
		}
	}
}

// sink is where a lane's bytes go to. It writes what the tap let go on, counts what it
// wrote, and counts as leaked what an order in force should have held: by its own
// reckoning, so that a tap that does not obey is found out.
type sink struct {
	to   *side // closed at the end of stream
	from *side // whose RST crosses as a RST
	lane *lane
}

// Write is there for the interface; io.Copy uses ReadFrom.
func (s *sink) Write(b []byte) (int, error) {
	if err := s.write(b); err != nil {
		return 0, err
	}
	return len(b), nil
}

// ReadFrom writes everything that the link has until its end.
func (s *sink) ReadFrom(r io.Reader) (int64, error) {
	buf := make([]byte, smallBuffer)
	var sum int64
	for {
		n, err := r.Read(buf)
		if n > 0 {
			sum += int64(n)
			if err := s.write(buf[:n]); err != nil {
				return sum, err
			}
		}
		if errors.Is(err, io.EOF) {
			return sum, nil
		}
		if err != nil {
			return sum, err
		}
		if n == len(buf) && n < largeBuffer {
			buf = make([]byte, largeBuffer)
		}
	}
}

// write writes all of b, stopping for as long as the lane must hold when it is told to.
func (s *sink) write(b []byte) error {
	for len(b) > 0 {
		culprits := s.lane.conn.holding(s.lane.way, false)
		first := s.lane.way == chaos.Down && s.lane.conn.letsIn()
		n, err := s.to.Write(b)
		b = b[n:]
		for _, o := range culprits {
			o.leaked.Add(int64(n))
		}
		if n > 0 {
			s.lane.wrote(n)
		}
		if first {
			close(s.lane.conn.answered)
		}
		switch {
		case err == nil:
		case errors.Is(err, os.ErrDeadlineExceeded):
			if !s.lane.park(len(b)) {
				return net.ErrClosed
			}
		default:
			if !s.lane.isShut() { // else it was we who ended it
				s.to.spoiled(err)
			}
			return err
		}
	}
	return nil
}

// stop ends a write that is going on. It never blocks.
func (s *sink) stop() { _ = s.to.SetWriteDeadline(past) } // fails only on a closed socket

// Close ends the other side: the end of stream has arrived, or it cannot be written to.
// When an order shut the lane, what the other side is to know it has been told.
func (s *sink) Close() error {
	l := s.lane
	defer l.conn.proxy.ends.Done()
	if l.isShut() {
		l.finish()
		return nil
	}
	ending := l.ending()
	if ending {
		for _, o := range l.conn.holding(l.way, true) {
			o.leaked.Add(1)
		}
	}
	if s.from.broken.Load() {
		_ = s.to.SetLinger(0) // fails only on a closed socket
	}
	switch {
	case l.way == chaos.Up:
	case !ending && s.to.broken.Load(): // whose RST a write met before any read
		l.conn.endedBy("client", true, l.conn.proxy.clock())
	default:
		l.conn.endedBy("server", s.from.broken.Load(), l.conn.proxy.clock())
	}
	err := s.to.Close()
	l.finish()
	return err
}

// wrote counts n bytes as arrived on the other side.
func (l *lane) wrote(n int) {
	l.conn.crossed(l.way, n)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.landed(n)
}

// park keeps the sink, which was stopped with n bytes in hand, until nothing holds them
// any more. It returns false when the connection is over.
func (l *lane) park(n int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refresh()
	counted := map[*order]bool{}
	for l.plan.hold && l.flows() {
		for _, o := range l.plan.holders {
			if !counted[o] {
				counted[o] = true
				l.noteHeld(o, n)
			}
		}
		l.parked = true
		l.settle()
		l.moved.Wait()
		l.refresh()
	}
	l.parked = false
	// Under the lock, so that it cannot undo the stop of an order armed since.
	_ = l.out.to.SetWriteDeadline(time.Time{}) // fails only on a closed socket
	return l.flows()
}

// flows says whether anything may go on some time. l.mu is held.
func (l *lane) flows() bool {
	return !l.shut && l.conn.ghost.Load() == nil && !l.conn.over.Load()
}

// isShut says whether an order ended the stream.
func (l *lane) isShut() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.shut || l.conn.ghost.Load() != nil
}

// ending says whether it is the end of stream that is in flight.
func (l *lane) ending() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ended && l.inflight == 1 && l.head == len(l.queue)
}

// finish marks the lane's sink as ended.
func (l *lane) finish() {
	l.mu.Lock()
	l.closed = true
	l.offered = false
	l.inflight = 0
	l.settle()
	l.mu.Unlock()
	l.poke()
	l.conn.partEnded()
}
