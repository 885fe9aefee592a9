package wire

import (
	"crypto/tls"
	"io"
	"slices"
	"sync"
)

const (
	lentBuffer = 4 << 10  // bytes of a buffer that is borrowed while there is something to read
	ownBuffer  = 512      // bytes of a buffer that a connection has to itself
	trust      = 32 << 10 // bytes that are allocated on the word of a frame's header
)

var lent = sync.Pool{New: func() any { return new([lentBuffer]byte) }}

// intake is the reading end of a connection. On a bare TCP socket, TLS or not, it holds no
// buffer while it waits: it waits for the socket to be readable and borrows one then, so
// that an idle connection costs its goroutine and nothing else. Elsewhere (tests) it has a
// small buffer of its own.
type intake struct {
	socket *socket
	secure *tls.Conn // nil: not over TLS
	buf    []byte    // nil: none is held
	r, w   int       // buf[r:w] is unread
	loan   *[lentBuffer]byte
}

// newIntake reads from s, through secure if that is not nil; ahead are bytes that were
// read before.
func newIntake(s *socket, secure *tls.Conn, ahead []byte) intake {
	s.prompt = s.raw != nil
	s.inbound.Store(0) // the handshake is no evidence of life behind it
	s.outbound.Store(0)
	if len(ahead) > 0 {
		s.inbound.Store(s.now())
	}
	return intake{socket: s, secure: secure, buf: ahead, w: len(ahead)}
}

// from reads from TLS or from the socket, which is errAgain where it would wait.
func (in *intake) from(p []byte) (int, error) {
	if in.secure != nil {
		return in.secure.Read(p)
	}
	return in.socket.Read(p)
}

// buffered tells whether there is something unread.
func (in *intake) buffered() bool { return in.r < in.w }

// empty tells whether there was nothing to read when it was last looked, on a bare TCP socket.
func (in *intake) empty() bool { return in.plain() && in.socket.in.dry && !in.buffered() }

// Read implements io.Reader over what is buffered, then over the connection.
func (in *intake) Read(p []byte) (int, error) {
	if !in.buffered() {
		if len(p) >= lentBuffer {
			return in.straight(p)
		}
		if err := in.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, in.buf[in.r:in.w])
	in.r += n
	return n, nil
}

// straight reads into p, which is large, without a buffer between.
func (in *intake) straight(p []byte) (int, error) {
	for {
		n, err := in.from(p)
		switch {
		case n > 0:
			return n, nil
		case err == errAgain:
			err = in.socket.wait()
		}
		if err != nil {
			return 0, err
		}
	}
}

// plain tells whether what arrives is read from a bare TCP socket as it is.
func (in *intake) plain() bool { return in.socket.raw != nil && in.secure == nil }

// fill waits for bytes; what was buffered has been read.
func (in *intake) fill() error {
	for {
		err := in.fetch()
		switch {
		case err == errAgain && in.plain():
			if err = in.land(true); err == errAgain { // somebody was called who does not read any more
				continue
			}
		case err == errAgain:
			err = in.socket.wait()
			if err == nil {
				continue
			}
		}
		return err
	}
}

// park waits for bytes to arrive on a bare socket, and has read them when that can be done
// in one go; elsewhere, reading waits.
func (in *intake) park() {
	switch { // what went wrong is told to who reads
	case in.plain():
		_ = in.land(true)
	case in.socket.raw != nil:
		_ = in.socket.wait()
	}
}

// land reads into a borrowed buffer, which is held only if there is something; errAgain:
// there is nothing, and it was not to wait, or Recall was called. Waiting and reading are one call, for two take
// about a twentieth more CPU time per echo (bench/cost, echo).
func (in *intake) land(wait bool) error {
	r := &in.socket.in
	if r.told != nil {
		return r.told
	}
	if r.land == nil {
		r.land = in.landNow
	}
	r.patient = wait
	if err := in.socket.ask(r.land); err != nil {
		if err == errAgain {
			return err
		}
		return in.socket.ended(err)
	}
	return r.err
}

// landNow asks the kernel; false: wait, and ask again.
func (in *intake) landNow(fd uintptr) bool {
	r := &in.socket.in
	loan := lent.Get().(*[lentBuffer]byte)
	n, err := readFD(fd, loan[:])
	if err == nil {
		in.loan, in.buf, in.r, in.w = loan, loan[:], 0, n
		in.socket.inbound.Store(in.socket.now())
		r.dry, r.err = n < len(loan), nil
		return true
	}
	lent.Put(loan)
	if err == errAgain && r.patient {
		return false
	}
	r.err = in.socket.ended(err)
	return true
}

// fetch buffers what there is. Where the socket is a bare one it does not wait, and
// holds no buffer when there was nothing: errAgain.
func (in *intake) fetch() error {
	in.release()
	switch {
	case in.socket.in.dry && in.secure == nil:
		return errAgain
	case in.plain():
		return in.land(false)
	}
	if in.socket.raw != nil {
		in.loan = lent.Get().(*[lentBuffer]byte)
		in.buf = in.loan[:]
	} else if len(in.buf) < ownBuffer {
		in.buf = make([]byte, ownBuffer)
	}
	for {
		n, err := in.from(in.buf)
		switch {
		case n > 0: // whatever else there is to tell is told again
			in.r, in.w = 0, n
			return nil
		case err != nil:
			in.release()
			return err
		}
	}
}

// release gives a borrowed buffer back. Nothing unread may be in it.
func (in *intake) release() {
	if in.loan != nil {
		lent.Put(in.loan)
		in.loan = nil
	}
	if in.socket.raw != nil {
		in.buf = nil
	}
	in.r, in.w = 0, 0
}

// view returns the next n bytes in place if they are all there, else nil. They are
// valid until the next read.
func (in *intake) view(n int) []byte {
	if n > in.w-in.r {
		return nil
	}
	in.r += n
	return in.buf[in.r-n : in.r : in.r]
}

// next returns the next n bytes, in place where that is possible.
func (in *intake) next(n int) ([]byte, error) {
	if view := in.view(n); view != nil || n == 0 {
		return view, nil
	}
	p := slices.Grow([]byte(nil), n)[:n]
	_, err := io.ReadFull(in, p)
	return p, cut(err)
}

// cut makes the end of a stream one that came too early.
func cut(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
