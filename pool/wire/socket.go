package wire

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// ErrStalled is the error of a write of which no byte moved for as long as it may. It is an
// os.ErrDeadlineExceeded, too.
var ErrStalled error = stalled{}

type stalled struct{}

func (stalled) Error() string { return "the peer takes no bytes" }
func (stalled) Unwrap() error { return os.ErrDeadlineExceeded }

// errAgain tells that there is nothing to read yet. It is temporary, which crypto/tls
// respects: a record that has arrived in part is finished by a later Read.
var errAgain error = again{}

type again struct{}

func (again) Error() string   { return "nothing to read yet" }
func (again) Timeout() bool   { return false }
func (again) Temporary() bool { return true }

// socket is the raw end of a connection. It stamps when bytes move, and where it is a bare
// TCP socket it reads and writes without waiting and waits without a buffer. As a
// net.Conn it is what crypto/tls works on.
type socket struct {
	net.Conn
	raw      syscall.RawConn // of a bare TCP socket; nil: Conn does the waiting
	epoch    time.Time
	inbound  atomic.Int64 // heal.Instant of the last arrival
	outbound atomic.Int64 // heal.Instant of the last progress of a write
	patience atomic.Int64 // how long a write that comes through TLS may make no progress; 0: for ever
	written  atomic.Int64 // bytes that the kernel took
	in       reading
	out      writing
	prompt   bool // Read does not wait: it is errAgain
}

// reading is what a system call to read needs and leaves. The functions are made once,
// because a RawConn would make them escape each time.
type reading struct {
	look, take, land func(fd uintptr) bool
	looked           bool
	patient          bool  // land may wait
	dry              bool  // the last read left nothing behind
	told             error // what the kernel told; it does so once
	p                []byte
	n                int
	err              error
}

// writing is the same for a system call to write.
type writing struct {
	push  func(fd uintptr) bool
	p     []byte
	n     int
	err   error
	stall time.Duration
	now   bool // do not wait
	armed bool // a deadline is set
}

func newSocket(c net.Conn, epoch time.Time) *socket {
	s := &socket{Conn: c, epoch: epoch}
	if t, ok := c.(*net.TCPConn); ok && canTry {
		if raw, err := t.SyscallConn(); err == nil {
			s.raw = raw
		}
	}
	return s
}

// now is the present as a heal.Instant that is never 0, which means never.
func (s *socket) now() int64 { return max(1, int64(time.Since(s.epoch))) }

// Read implements net.Conn.
func (s *socket) Read(p []byte) (int, error) {
	if s.prompt {
		return s.readNow(p)
	}
	if s.in.told != nil {
		return 0, s.in.told
	}
	n, err := s.Conn.Read(p)
	if n > 0 {
		s.inbound.Store(s.now())
	}
	if s.raw == nil && err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		s.in.told = err
	}
	s.in.dry = s.raw != nil && err == nil && n < len(p)
	return n, err
}

// Write implements net.Conn for crypto/tls, which may write from its Read, too.
func (s *socket) Write(p []byte) (int, error) {
	return s.write(p, time.Duration(s.patience.Load()))
}

// readNow reads what is there; errAgain: nothing is. It asks the kernel only if the last
// read may have left something behind, or wait has returned since.
func (s *socket) readNow(p []byte) (int, error) {
	in := &s.in
	switch {
	case in.told != nil:
		return 0, in.told
	case in.dry:
		return 0, errAgain
	}
	if in.take == nil {
		in.take = s.takeNow
	}
	in.p = p
	err := s.ask(in.take)
	in.p = nil
	if err == nil {
		err = in.err
	}
	if err != nil {
		return 0, s.ended(err)
	}
	in.dry = in.n < len(p)
	s.inbound.Store(s.now())
	return in.n, nil
}

func (s *socket) takeNow(fd uintptr) bool {
	s.in.n, s.in.err = readFD(fd, s.in.p)
	return true
}

// ended notes why a read brought nothing, and returns the error in its proper shape.
func (s *socket) ended(err error) error {
	if err == errAgain {
		s.in.dry = true
		return err
	}
	if _, ok := err.(syscall.Errno); ok {
		err = s.failed("read", err)
	}
	s.in.told, s.in.dry = err, false // there is something to tell
	return err
}

// wait parks until there is something to read. The frames below it are few and small, so
// that a goroutine that has done nothing else keeps the smallest stack there is.
func (s *socket) wait() error {
	in := &s.in
	if in.look == nil {
		in.look = s.lookNow
	}
	in.dry = false
	for {
		in.looked = false
		if err := s.ask(in.look); err != errAgain {
			return err
		}
	}
}

// ask has f ask the kernel. errAgain: a read deadline has passed, which no read has: it calls
// whoever reads back (Conn.Recall), or did when it was set.
func (s *socket) ask(f func(fd uintptr) bool) error {
	err := s.raw.Read(f)
	if err != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		_ = s.SetReadDeadline(time.Time{})
		return errAgain
	}
	return err
}

// lookNow asks the kernel once; when it is called again there is something.
func (s *socket) lookNow(fd uintptr) bool {
	if s.in.looked {
		return true
	}
	s.in.looked = true
	err := peekFD(fd)
	if err != nil && err != errAgain {
		s.in.told = s.failed("read", err)
	}
	return err != errAgain
}

// write hands p to the kernel, waiting for room as long as something moves in every
// stretch of stall; 0: for ever. Where the socket is not a bare one it may take twice as
// long to find that nothing moves.
func (s *socket) write(p []byte, stall time.Duration) (n int, err error) {
	if s.raw == nil {
		n, err = s.writeInTime(p, stall)
	} else {
		n, err = s.send(writing{p: p, stall: stall})
	}
	if err != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		err = ErrStalled
	}
	return n, err
}

// writeNow hands over what the kernel takes without waiting.
func (s *socket) writeNow(p []byte) (int, error) {
	if s.raw == nil {
		return 0, nil
	}
	return s.send(writing{p: p, now: true})
}

func (s *socket) send(w writing) (int, error) {
	out := &s.out
	w.push = out.push
	if w.push == nil {
		w.push = s.pushNow
	}
	*out = w
	err := s.raw.Write(out.push)
	out.p = nil
	if out.armed {
		_ = s.SetWriteDeadline(time.Time{})
	}
	if out.n > 0 {
		s.written.Add(int64(out.n))
	}
	if out.err != nil {
		err = out.err
	}
	return out.n, err
}

// pushNow writes until all is written or there is no room, for which it waits if it may.
func (s *socket) pushNow(fd uintptr) bool {
	out := &s.out
	for len(out.p) > 0 {
		n, err := writeFD(fd, out.p)
		if n > 0 {
			out.n += n
			out.p = out.p[n:]
			s.outbound.Store(s.now())
			continue
		}
		switch {
		case err == errAgain && out.now:
			return true
		case err == errAgain:
			if out.stall > 0 {
				out.armed = true
				_ = s.SetWriteDeadline(time.Now().Add(out.stall))
			}
			return false
		default:
			out.err = s.failed("write", err)
			return true
		}
	}
	return true
}

// writeInTime does it with deadlines.
func (s *socket) writeInTime(p []byte, stall time.Duration) (n int, err error) {
	for {
		if stall > 0 {
			_ = s.SetWriteDeadline(time.Now().Add(stall))
		}
		var k int
		k, err = s.Conn.Write(p[n:])
		n += k
		if k > 0 {
			s.outbound.Store(s.now())
			s.written.Add(int64(k))
		}
		if k == 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
	}
	if stall > 0 {
		_ = s.SetWriteDeadline(time.Time{})
	}
	return n, err
}

// failed gives a system call's error the shape that package net gives it.
func (s *socket) failed(op string, err error) error {
	return &net.OpError{Op: op, Net: "tcp", Source: s.LocalAddr(), Addr: s.RemoteAddr(), Err: os.NewSyscallError(op, err)}
}
