package target

import (
	"io"
	"math/bits"
	"sync"
)

const (
	smallBuffer = 1 << 10 // of every connection, bytes; holds an upgrade request and most messages
	maxRequest  = 8 << 10 // largest upgrade request, bytes
)

// inbox holds what was read from a connection and not yet consumed. It begins small;
// for a larger request or frame it borrows a larger buffer, which grows no faster
// than bytes arrive, so that a length in a header alone costs nothing.
type inbox struct {
	buf   []byte // small, or one that is borrowed
	r, w  int    // the bytes held are buf[r:w]
	small [smallBuffer]byte
}

func newInbox() *inbox {
	in := new(inbox)
	in.buf = in.small[:]
	return in
}

func (in *inbox) bytes() []byte { return in.buf[in.r:in.w] }

// full says whether there is no room to read into.
func (in *inbox) full() bool { return in.w-in.r == len(in.buf) }

// read reads once, after making room where there is none. At least one byte comes in,
// or an error is returned.
func (in *inbox) read(src io.Reader) error {
	if in.w == len(in.buf) && in.r > 0 {
		in.w = copy(in.buf, in.buf[in.r:in.w])
		in.r = 0
	}
	if in.w == len(in.buf) {
		in.grow()
	}
	n, err := io.ReadAtLeast(src, in.buf[in.w:], 1)
	in.w += n
	if n > 0 {
		return nil
	}
	return err
}

// consume drops the first n bytes, and a borrowed buffer once that is empty.
func (in *inbox) consume(n int) {
	in.r += n
	if in.r < in.w {
		return
	}
	in.r, in.w = 0, 0
	in.use(in.small[:])
}

func (in *inbox) grow() {
	larger := borrow(4 * len(in.buf))
	in.w = copy(larger, in.buf[in.r:in.w])
	in.r = 0
	in.use(larger)
}

// use changes the buffer and gives back the one that was borrowed before.
func (in *inbox) use(buf []byte) {
	if len(in.buf) > smallBuffer {
		giveBack(in.buf)
	}
	in.buf = buf
}

// buffers lends buffers of smallBuffer * 4^(i+1) bytes.
var buffers [12]sync.Pool

func sizeClass(size int) int { return (bits.Len(uint(size/smallBuffer))-1)/2 - 1 }

func borrow(size int) []byte {
	if b, ok := buffers[sizeClass(size)].Get().(*[]byte); ok {
		return *b
	}
	return make([]byte, size)
}

func giveBack(b []byte) { buffers[sizeClass(len(b))].Put(&b) }
