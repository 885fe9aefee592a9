package driver

import (
	"encoding/binary"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/gobwas/ws"

	"github.com/wsheal/wsheal/pool/heal"
)

const (
	flushPlain  = 64 << 10 // bytes of one Write
	flushSecure = 16 << 10 // the same over TLS: one record
	fragment    = 32 << 10 // payload bytes of one frame; between those of a larger message control frames can pass
)

// open lets a proved connection carry data, instead of the one before it.
func (c *client) open(k *conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k.deaf || c.live == k {
		return
	}
	c.live = k
	if c.outbox.pending() {
		k.kick()
	}
}

// kick starts a flusher unless one is at work. It never waits. The client's mutex must
// be held.
func (k *conn) kick() {
	if !k.flushing && !k.dead {
		k.flushing = true
		k.writers.Add(1)
		go k.flush()
	}
}

// flush writes until nothing is left to write, everything that waits in one Write:
// control frames, then data.
func (k *conn) flush() {
	defer k.writers.Done()
	c, o := k.client, &k.client.fleet.options
	b := batches.Get().(*batch)
	defer b.release()
	tls, secured := k.nc.(*secure)
	for {
		c.mu.Lock()
		k.collect(b, secured)
		if len(b.bytes) == 0 {
			k.flushing = false
			c.mu.Unlock()
			return
		}
		c.mu.Unlock()

		var before int64
		if secured {
			before = tls.raw.written.Load()
		}
		_ = k.nc.SetWriteDeadline(time.Now().Add(o.WriteTimeout))
		n, err := k.nc.Write(b.bytes)
		b.written, b.touched = n, n
		if secured && err != nil && tls.raw.written.Load() != before {
			b.touched = len(b.bytes) // of a record cut short nobody can say which bytes went
		}

		c.mu.Lock()
		k.settle(b, c.fleet.now())
		c.mu.Unlock()
		c.fleet.tell(b.events)
		if err != nil {
			k.unwritable(err)
			return
		}
		if secured { // TLS answers key updates while it reads, with whatever deadline is set
			_ = k.nc.SetWriteDeadline(time.Time{})
		}
	}
}

// unwritable ends a connection whose write failed; flushing stays set, so nothing is
// written any more. Unless the peer stopped reading, the reader may know better why
// (a close frame, a reset), so it is left a moment to find out.
func (k *conn) unwritable(err error) {
	k.client.mu.Lock()
	defer k.client.mu.Unlock()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		k.end(ending{cause: lossCause(err, true), err: err})
		return
	}
	k.stop()
	k.because(ending{cause: lossCause(err, true), err: err})
	k.endWithin(closeWait)
}

// batch is one Write: its bytes, and which messages they carry.
type batch struct {
	bytes            []byte
	parts            []part
	written, touched int // bytes that the kernel has for certain, and may have
	events           []Event
}

// part is one message of a batch, or a fragment of one.
type part struct {
	seq      uint64
	ref      any
	position uint64
	from, to int  // its frame is bytes[from:to]
	last     bool // the message ends with it
	again    bool
}

var batches = sync.Pool{New: func() any { return new(batch) }}

func (b *batch) reset() {
	clear(b.parts)
	clear(b.events)
	b.bytes, b.parts, b.events = b.bytes[:0], b.parts[:0], b.events[:0]
}

func (b *batch) release() {
	b.reset()
	if cap(b.bytes) <= 2*flushPlain {
		batches.Put(b)
	}
}

// cut is a message of which a connection has taken a part; nothing but control frames may
// come between its fragments.
type cut struct {
	part
	rest []byte
	op   ws.OpCode
}

// collect fills b with what is due. The client's mutex must be held.
func (k *conn) collect(b *batch, secured bool) {
	b.reset()
	b.bytes = k.control.take(b.bytes)
	limit := flushPlain
	if secured {
		limit = flushSecure
	}
	for !k.control.said {
		if !k.cutting && !k.begin() {
			return
		}
		n := min(len(k.cut.rest), fragment)
		from := len(b.bytes)
		if from > 0 && from+ws.MaxHeaderSize+n > limit {
			return
		}
		p := k.cut.part
		p.last = n == len(k.cut.rest)
		b.bytes = appendFrame(b.bytes, k.cut.op, p.last, k.cut.rest[:n])
		p.from, p.to = from, len(b.bytes)
		b.parts = append(b.parts, p)
		k.cut.rest, k.cut.op = k.cut.rest[n:], ws.OpContinuation
		if p.last {
			k.cutting, k.cut = false, cut{}
		}
	}
}

// begin takes up the next message; false: there is none for this connection.
func (k *conn) begin() bool {
	c := k.client
	if c.live != k {
		return false
	}
	m, position := c.outbox.due()
	if m == nil {
		return false
	}
	k.cutting = true
	k.cut = cut{part: part{seq: m.seq, ref: m.ref, position: position, again: m.sent}, rest: m.payload, op: ws.OpBinary}
	if m.text || c.fleet.options.Text {
		k.cut.op = ws.OpText
	}
	c.outbox.carry(m, k)
	return true
}

// settle draws the consequences of a Write for the messages that it carried. What was
// handed over whole is Sent, and at-most-once done with. The client's mutex must be held.
func (k *conn) settle(b *batch, at heal.Instant) {
	c := k.client
	for i := range b.parts {
		p := &b.parts[i]
		m := c.outbox.at(p.position) // nil: acknowledged before we got here
		if p.from < b.touched && m != nil {
			m.touched = true
		}
		if p.to > b.written || !p.last {
			continue
		}
		b.events = append(b.events, Event{Kind: Sent, At: at, Client: c.id, Gen: k.gen, Seq: p.seq, Ref: p.ref, Again: p.again})
		if m == nil {
			continue
		}
		m.sent = true
		if c.fleet.options.Guarantee == AtMostOnce {
			c.outbox.finish(m)
			c.shard.waiting.Add(-1)
		}
	}
	c.letIn()
}

// release gives back what the connection carried, once it is over for good and nothing
// of it is being written: at-most-once gives up what was touched, everything else goes
// over the next connection.
func (k *conn) release() {
	c := k.client
	var dropped []Event
	c.mu.Lock()
	once := c.fleet.options.Guarantee == AtMostOnce
	c.outbox.release(k, func(m *message) bool {
		if !once || !m.touched {
			return false
		}
		ev := c.giveUp(m)
		ev.Gen = k.gen
		dropped = append(dropped, ev)
		return true
	})
	if c.live != nil && c.outbox.pending() {
		c.live.kick()
	}
	c.letIn()
	c.mu.Unlock()
	c.fleet.tell(dropped)
}

// appendFrame appends a masked frame, as clients have to send them (RFC 6455 5.3).
func appendFrame(buf []byte, op ws.OpCode, last bool, payload []byte) []byte {
	const fin, masked = 0x80, 0x80
	first := byte(op)
	if last {
		first |= fin
	}
	buf = append(buf, first)
	switch n := len(payload); {
	case n < 126:
		buf = append(buf, masked|byte(n))
	case n < 1<<16:
		buf = binary.BigEndian.AppendUint16(append(buf, masked|126), uint16(n))
	default:
		buf = binary.BigEndian.AppendUint64(append(buf, masked|127), uint64(n))
	}
	mask := ws.NewMask()
	buf = append(buf, mask[:]...)
	start := len(buf)
	buf = append(buf, payload...)
	ws.Cipher(buf[start:], mask, 0)
	return buf
}
