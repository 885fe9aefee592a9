package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

const (
	keptMessage = 64 << 10 // larger message buffers are left to the garbage collector
	// emptyFragments is how many frames of a message may be empty. What a peer can make us
	// do for nothing is bounded so: every other frame costs it a byte of MaxMessage.
	emptyFragments = 1024
)

var messages = sync.Pool{New: func() any { return new([]byte) }}

// decoder reads what a server sends: it checks frames, puts fragments together, inflates
// and bounds messages. Control frames between fragments come out as they arrive.
type decoder struct {
	in       intake
	max      int       // largest message, bytes
	maxFrame int       // largest frame, bytes
	deflate  bool      // permessage-deflate was agreed
	op       ws.OpCode // of the message whose fragments are coming; 0: none
	deflated bool      // that message is
	text     text      // that message, if it is one that is not deflated
	empty    int       // fragments of that message without a byte
	message  *[]byte   // its bytes so far; nil: none, or it was passed on in place
	end      error     // what every further read is told
	header   [8]byte   // scratch
}

// head is a frame's header.
type head struct {
	fin, deflated bool
	op            ws.OpCode
	n             int64 // payload bytes
}

// read returns the next message or control frame. Its errors are those of the
// connection, or a *Violation.
func (d *decoder) read() (Frame, error) {
	if d.end != nil {
		return Frame{}, d.end
	}
	f, err := d.next()
	if err != nil {
		d.finish(err)
		return Frame{}, err
	}
	if f.Op == ws.OpClose {
		d.end = io.EOF
	}
	return f, nil
}

// finish gives all buffers back; err is what every further read is told.
func (d *decoder) finish(err error) {
	if d.end == nil {
		d.end = err
	}
	d.op = 0
	d.recycle()
	d.in.release()
}

// ready tells whether read finds something to do before it has to wait. Where it does not,
// no buffer is held.
func (d *decoder) ready() bool {
	if d.end != nil || d.in.buffered() {
		return true
	}
	if d.op == 0 {
		d.recycle()
	}
	return d.in.fetch() != errAgain // an error is told again
}

// whole tells whether read will not wait: a frame that is a message or a control frame is
// buffered, or there is an end to tell.
func (d *decoder) whole() bool {
	b := d.in.buf[d.in.r:d.in.w]
	if len(b) == 0 || d.end != nil {
		return true
	}
	if d.op != 0 || len(b) < 2 || b[0]&0x80 == 0 {
		return false
	}
	n, rest := uint64(b[1]&0x7f), b[2:]
	switch {
	case n == 126 && len(rest) >= 2:
		n, rest = uint64(binary.BigEndian.Uint16(rest)), rest[2:]
	case n >= 126: // a length in 8 bytes is that of one too long for the buffer
		return false
	}
	return n <= uint64(len(rest))
}

// discard reads on until the end.
func (d *decoder) discard() {
	d.finish(io.EOF)
	for {
		if err := d.in.fill(); err != nil {
			d.in.release()
			return
		}
	}
}

func (d *decoder) next() (Frame, error) {
	if d.op == 0 {
		d.recycle()
	}
	for {
		h, err := d.head()
		if err != nil {
			return Frame{}, err
		}
		if h.op.IsControl() {
			return d.control(h)
		}
		payload, err := d.data(h)
		if err != nil {
			return Frame{}, err
		}
		if h.fin {
			op := d.op
			d.op = 0
			return Frame{Op: op, Payload: payload}, nil
		}
	}
}

// head reads a frame's header and holds it against what may come now. What is wrong with
// the first two bytes is found when they are there.
func (d *decoder) head() (h head, err error) {
	b := d.header[:2]
	if _, err := io.ReadFull(&d.in, b); err != nil {
		return h, err
	}
	if h, err = d.bits(b[0], b[1]); err != nil || h.n < 126 {
		return h, d.fits(h, err)
	}
	b, least := d.header[:2], uint64(126)
	if h.n == 127 {
		b, least = d.header[:8], 1<<16
	}
	if _, err := io.ReadFull(&d.in, b); err != nil {
		return h, cut(err)
	}
	n := uint64(binary.BigEndian.Uint16(b))
	if len(b) == 8 {
		n = binary.BigEndian.Uint64(b)
	}
	switch {
	case n >= 1<<63:
		return h, &Violation{1002, "a frame whose length has its highest bit set"}
	case n < least:
		return h, &Violation{1002, fmt.Sprintf("a length of %d in %d bytes", n, len(b))}
	}
	h.n = int64(n)
	return h, d.fits(h, nil)
}

// bits reads what is in the first two bytes.
func (d *decoder) bits(one, two byte) (head, error) {
	h := head{fin: one&0x80 != 0, deflated: one&0x40 != 0, op: ws.OpCode(one & 0x0f), n: int64(two & 0x7f)}
	control := h.op.IsControl()
	wrong := ""
	switch {
	case h.op.IsReserved():
		wrong = fmt.Sprintf("a frame with opcode %#x", byte(h.op))
	case one&0x30 != 0, h.deflated && (!d.deflate || control || h.op == ws.OpContinuation):
		wrong = fmt.Sprintf("a frame with reserved bits %03b", one>>4&7)
	case two&0x80 != 0:
		wrong = "a masked frame"
	case control && !h.fin:
		wrong = "a control frame in fragments"
	case control && h.n > ws.MaxControlFramePayloadSize:
		wrong = fmt.Sprintf("a control frame of more than %d bytes", ws.MaxControlFramePayloadSize)
	case h.op == ws.OpContinuation && d.op == 0:
		wrong = "a fragment that continues nothing"
	case !control && h.op != ws.OpContinuation && d.op != 0:
		wrong = "a message within another"
	default:
		return h, nil
	}
	return h, &Violation{1002, wrong}
}

// fits holds a data frame's length against what is left of its message.
func (d *decoder) fits(h head, err error) error {
	if err != nil || h.op.IsControl() {
		return err
	}
	so, deflated := 0, h.deflated
	if d.op != 0 {
		deflated = d.deflated
		if d.message != nil {
			so = len(*d.message)
		}
	}
	most := d.max
	if deflated {
		most = deflatedBound(d.max)
	}
	switch {
	case h.n > int64(d.maxFrame):
		return &Violation{1009, fmt.Sprintf("a frame of more than %d bytes", d.maxFrame)}
	case h.n > int64(most-so):
		return &Violation{1009, fmt.Sprintf("a message of more than %d bytes", d.max)}
	}
	return nil
}

// control reads the payload of a control frame.
func (d *decoder) control(h head) (Frame, error) {
	payload, err := d.in.next(int(h.n))
	if err != nil || h.op != ws.OpClose {
		return Frame{Op: h.op, Payload: payload}, err
	}
	code, reason, err := parseClose(payload)
	return Frame{Op: h.op, Code: code, Payload: reason}, err
}

// data reads the payload of a data frame, and returns the whole message behind its last.
func (d *decoder) data(h head) ([]byte, error) {
	if h.op != ws.OpContinuation {
		d.op, d.deflated, d.text, d.empty = h.op, h.deflated, text{}, 0
		if h.fin && !h.deflated {
			if view := d.in.view(int(h.n)); view != nil {
				if h.op == ws.OpText && !utf8.Valid(view) {
					return nil, notText()
				}
				return view, nil
			}
		}
	}
	if h.n == 0 {
		if d.empty++; d.empty > emptyFragments {
			return nil, &Violation{1008, fmt.Sprintf("a message with more than %d empty fragments", emptyFragments)}
		}
	}
	if d.message == nil {
		d.message = messages.Get().(*[]byte)
	}
	if err := d.gather(int(h.n)); err != nil || !h.fin {
		return nil, err
	}
	if d.deflated {
		return d.inflated()
	}
	if d.op == ws.OpText && !d.text.complete() {
		return nil, notText()
	}
	return *d.message, nil
}

// gather reads n bytes behind those of the message, whose growth follows what has arrived
// and not what a header says. Text is checked as it comes.
func (d *decoder) gather(n int) error {
	for n > 0 {
		m := slices.Grow(*d.message, min(n, trust))
		k, err := d.in.Read(m[len(m) : len(m)+min(n, trust)])
		*d.message = m[:len(m)+k]
		n -= k
		if d.op == ws.OpText && !d.deflated && !d.text.feed(m[len(m):len(m)+k]) {
			return notText()
		}
		if err != nil {
			return cut(err)
		}
	}
	return nil
}

// inflated puts the message in place of its deflated form.
func (d *decoder) inflated() ([]byte, error) {
	out := messages.Get().(*[]byte)
	m, err := inflate((*out)[:0], *d.message, d.max)
	*out = m
	keep(d.message)
	d.message = out
	switch {
	case errors.Is(err, errTooLarge):
		return nil, &Violation{1009, fmt.Sprintf("a message of more than %d bytes when inflated", d.max)}
	case err != nil:
		return nil, &Violation{1002, "a message that does not inflate: " + err.Error()}
	case d.op == ws.OpText && !utf8.Valid(m):
		return nil, notText()
	}
	return m, nil
}

func notText() error { return &Violation{1007, "text that is not UTF-8"} }

// recycle gives the buffer of the message back that was passed on last.
func (d *decoder) recycle() {
	if d.message != nil {
		keep(d.message)
		d.message = nil
	}
}

func keep(m *[]byte) {
	if cap(*m) <= keptMessage {
		*m = (*m)[:0]
		messages.Put(m)
	}
}
