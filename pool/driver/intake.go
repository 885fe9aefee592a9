package driver

import (
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	lentBuffer  = 4 << 10  // bytes of a buffer that is borrowed while there is something to read
	ownBuffer   = 512      // bytes of a buffer that a connection has to itself
	keptMessage = 64 << 10 // larger message buffers are left to the garbage collector
	trust       = 32 << 10 // bytes that are allocated on the word of a frame's header
)

var (
	lent     = sync.Pool{New: func() any { return new([lentBuffer]byte) }}
	messages = sync.Pool{New: func() any { return new([]byte) }}
)

// intake is the reading end of a connection, with a stamp of the last arrival. On a
// bare TCP socket it holds no buffer while it waits: it waits for the socket to be
// readable and borrows one then, so that an idle connection costs its goroutine and
// nothing else. Elsewhere (TLS, tests) it has a small buffer of its own.
type intake struct {
	src     io.Reader
	raw     syscall.RawConn // of a bare TCP socket; nil: src is read with a buffer of our own
	try     func(fd uintptr) bool
	epoch   time.Time
	stamp   *atomic.Int64 // heal.Instant of the last arrival
	buf     []byte        // nil: none is held
	r, w    int           // buf[r:w] is unread
	loan    *[lentBuffer]byte
	tried   int // what try has read, and its error
	failure error
}

// newIntake reads from src; ahead are bytes that were read from it before.
func newIntake(src io.Reader, ahead []byte, epoch time.Time, stamp *atomic.Int64) intake {
	in := intake{src: src, epoch: epoch, stamp: stamp, buf: ahead, w: len(ahead)}
	if c, ok := src.(*net.TCPConn); ok && canTry {
		if raw, err := c.SyscallConn(); err == nil {
			in.raw = raw
		}
	}
	if len(ahead) > 0 {
		in.arrived()
	}
	return in
}

func (in *intake) arrived() { in.stamp.Store(int64(time.Since(in.epoch))) }

// Read implements io.Reader over what is buffered, then over the connection.
func (in *intake) Read(p []byte) (int, error) {
	if in.r == in.w {
		if len(p) >= lentBuffer {
			n, err := in.src.Read(p)
			if n > 0 {
				in.arrived()
				err = nil
			}
			return n, err
		}
		if err := in.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, in.buf[in.r:in.w])
	in.r += n
	return n, nil
}

// fill waits for bytes; what was buffered has been read.
func (in *intake) fill() (err error) {
	in.release()
	n := 0
	if in.raw != nil {
		n, err = in.park()
	} else {
		if len(in.buf) < ownBuffer {
			in.buf = make([]byte, ownBuffer)
		}
		for n == 0 && err == nil {
			n, err = in.src.Read(in.buf)
		}
	}
	if n == 0 {
		return err
	}
	in.r, in.w = 0, n
	in.arrived()
	return nil
}

// park waits until the socket is readable, without a buffer, then reads.
func (in *intake) park() (int, error) {
	if in.try == nil {
		in.try = in.attempt
	}
	in.tried, in.failure = 0, nil
	if err := in.raw.Read(in.try); err != nil {
		return 0, err
	}
	return in.tried, in.failure
}

// attempt reads if that takes no waiting; false: it would.
func (in *intake) attempt(fd uintptr) bool {
	loan := lent.Get().(*[lentBuffer]byte)
	n, again, err := readNow(fd, loan[:])
	if n > 0 {
		in.loan, in.buf = loan, loan[:]
	} else {
		lent.Put(loan)
	}
	in.tried, in.failure = n, err
	return !again
}

// release gives a borrowed buffer back. Nothing unread may be in it.
func (in *intake) release() {
	if in.loan != nil {
		lent.Put(in.loan)
		in.loan = nil
	}
	if in.raw != nil {
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
	return in.appendTo(nil, n)
}

// appendTo reads n bytes behind those of dst, whose growth follows what has arrived
// and not what a header says.
func (in *intake) appendTo(dst []byte, n int) ([]byte, error) {
	for n > 0 {
		k := min(n, trust)
		dst = slices.Grow(dst, k)
		end := len(dst) + k
		if _, err := io.ReadFull(in, dst[len(dst):end]); err != nil {
			return dst, err
		}
		dst = dst[:end]
		n -= k
	}
	return dst, nil
}
