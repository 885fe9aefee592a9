package toxi

import (
	"encoding/binary"
	"math"
)

// frames follows the WebSocket frames of one lane from its first byte on: whether the next
// byte is of the HTTP head, of a frame's head or of its payload. It keeps no bytes but the
// frame's head, and judges nothing. It must see every byte, as a frame's edge cannot be
// found from the middle of a stream.
//
//	HTTP head, empty line │ head payload │ head payload │ …
//	                      ▲ edge         ▲ edge
//
// The zero value is ready for the first byte.
type frames struct {
	phase   phase
	line    headLine
	frame   frame  // the one at hand, or at an edge the last one
	message opcode // of the unfinished message; 0: none
	said    said   // so far
}

// said is what frames have said, for whoever watches.
type said struct {
	messages int64  // data messages that came whole
	closing  bool   // a close frame came whole
	code     uint16 // of the first; 0: it had none
}

// phase is what the bytes of a lane are.
type phase uint8

const (
	inHead   phase = iota // HTTP, its empty line has not come
	inFrames              // frames
	unframed              // neither: TLS, or HTTP that was not upgraded
)

// opcode of a frame.
type opcode uint8

const (
	opContinuation opcode = 0
	opText         opcode = 1
	opBinary       opcode = 2
	opClose        opcode = 8
	opPing         opcode = 9
	opPong         opcode = 10
)

func (op opcode) control() bool { return op >= opClose }

// frame is what is known of a frame, as far as it has come.
type frame struct {
	head   [14]byte
	n      int // bytes of the head that have come
	size   int // bytes of the head, as far as they tell: at least 2
	length uint64
	left   uint64 // of the payload
}

func (f *frame) op() opcode   { return opcode(f.head[0] & 0x0f) }
func (f *frame) fin() bool    { return f.head[0]&0x80 != 0 }
func (f *frame) masked() bool { return f.head[1]&0x80 != 0 }

// key is the frame's mask, once its head is whole and masked.
func (f *frame) key() []byte { return f.head[f.size-4 : f.size] }

// whole says whether all of the frame has come; true of the zero value.
func (f *frame) whole() bool { return f.n == f.size && f.left == 0 }

// run is bytes of one frame that came together, all of its head or all of its payload.
type run struct {
	*frame         // with these bytes
	message opcode // of the message that it is part of; of a control frame its own
	data    []byte
	payload bool   // else of the head
	at      uint64 // of data[0] in the head or in the payload
}

// first says whether the frame begins with the run.
func (r run) first() bool { return !r.payload && r.at == 0 }

// last says whether the message, or the control frame, is whole with the run.
func (r run) last() bool { return r.whole() && (r.fin() || r.op().control()) }

// http takes the bytes of the HTTP head off b, and says how many these are and whether
// the head ends with them. What comes behind is frames unless told otherwise (phase).
func (f *frames) http(b []byte) (n int, ends bool) {
	if f.phase != inHead {
		return 0, false
	}
	n, ends = f.line.feed(b)
	if ends {
		f.phase = inFrames
	}
	return n, ends
}

// next takes the next run off b, which is not empty, and returns what is behind it. In any
// phase but inFrames there are none.
func (f *frames) next(b []byte) (r run, rest []byte) {
	fr := &f.frame
	if fr.whole() {
		*fr = frame{size: 2}
	}
	if fr.n < fr.size {
		at := fr.n
		i := fr.headed(b)
		if op := fr.op(); at == 0 && !op.control() && op != opContinuation {
			f.message = op
		}
		r = run{frame: fr, message: f.message, data: b[:i], at: uint64(at)}
	} else {
		n := min(uint64(len(b)), fr.left)
		if fr.op() == opClose && !f.said.closing {
			f.said.read(fr, b[:n])
		}
		r = run{frame: fr, message: f.message, data: b[:n], payload: true, at: fr.length - fr.left}
		fr.left -= n
	}
	if fr.op().control() {
		r.message = fr.op()
	} else if fr.whole() && fr.fin() {
		f.message = 0
		f.said.messages++
	}
	if fr.op() == opClose && fr.whole() {
		f.said.closing = true
	}
	return r, b[len(r.data):]
}

// read takes the code from bytes of a close frame's payload that come next.
func (s *said) read(fr *frame, b []byte) {
	for i, x := range b[:min(2, len(b))] {
		at := fr.length - fr.left + uint64(i)
		if at > 1 {
			return
		}
		if fr.masked() {
			x ^= fr.key()[at]
		}
		s.code |= uint16(x) << (8 * (1 - at))
	}
}

// headed takes bytes of the head off b and says how many.
func (f *frame) headed(b []byte) int {
	i := 0
	for ; i < len(b) && f.n < f.size; i++ {
		f.head[f.n] = b[i]
		if f.n++; f.n != 2 {
			continue
		}
		switch f.head[1] & 0x7f {
		case 126:
			f.size += 2
		case 127:
			f.size += 8
		}
		if f.masked() {
			f.size += 4
		}
	}
	if f.n < f.size {
		return i
	}
	switch size := f.head[1] & 0x7f; size {
	case 126:
		f.length = uint64(binary.BigEndian.Uint16(f.head[2:]))
	case 127: // with the first bit set it breaks the protocol, and nothing is behind it
		f.length = binary.BigEndian.Uint64(f.head[2:]) & math.MaxInt64
	default:
		f.length = uint64(size)
	}
	f.left = f.length
	return i
}

// follow moves on over bytes of frames that nobody acts on.
func (f *frames) follow(b []byte) {
	for len(b) > 0 {
		_, b = f.next(b)
	}
}

// edge says whether the next byte begins a frame, and between whether it also begins a
// message, so that a data frame may stand there.
func (f *frames) edge() bool    { return f.phase == inFrames && f.frame.whole() }
func (f *frames) between() bool { return f.edge() && f.message == 0 }

// headLine finds the empty line that ends an HTTP head, however it is cut. The zero value
// is ready for the first byte.
type headLine struct {
	n  int  // bytes of the unfinished line
	cr bool // the last of them is a carriage return
}

// feed returns how many bytes of b are of the head, and whether it ends with them.
func (h *headLine) feed(b []byte) (int, bool) {
	for i, c := range b {
		if c != '\n' {
			h.n++
			h.cr = c == '\r'
			continue
		}
		if h.n == 0 || h.n == 1 && h.cr {
			return i + 1, true
		}
		*h = headLine{}
	}
	return len(b), false
}
