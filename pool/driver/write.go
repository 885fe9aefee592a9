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
	flushPlain  = 64 << 10 // bytes of one Write, but a message is never split
	flushSecure = 16 << 10 // the same over TLS: one record
)

// enqueue takes one message, and sees to it that it is written if it can be.
func (c *client) enqueue(seq uint64, payload []byte) error {
	o := &c.fleet.options
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return ErrClosed
	}
	if !c.outbox.push(seq, payload, o.QueueFrames, o.QueueBytes) {
		return ErrQueueFull
	}
	c.shard.waiting.Add(1)
	if c.live != nil {
		c.live.kick()
	}
	return nil
}

// open lets a proved connection carry data. At-least-once, everything that waits goes
// over it, in order, before what is newer.
func (c *client) open(k *conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k.deaf || c.live == k {
		return
	}
	c.live = k
	c.outbox.rewind()
	if c.outbox.pending() {
		k.kick()
	}
}

// acknowledge frees the message that an answer names; false: nothing waited for it.
func (c *client) acknowledge(seq uint64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.outbox.acknowledge(seq) {
		return false
	}
	c.shard.waiting.Add(-1)
	return true
}

// dropAll gives up everything that is queued, at the end of the fleet.
func (c *client) dropAll() {
	c.mu.Lock()
	var dropped []Event
	for i := c.outbox.head; i < len(c.outbox.messages); i++ {
		if m := &c.outbox.messages[i]; !m.done {
			outcome := NotSent
			if m.sent || m.touched {
				outcome = InDoubt
			}
			dropped = append(dropped, Event{Kind: Dropped, Client: c.id, Gen: c.state.Gen, Seq: m.seq, Outcome: outcome})
		}
	}
	c.outbox = outbox{}
	c.shard.waiting.Add(-int64(len(dropped)))
	c.mu.Unlock()
	for _, ev := range dropped {
		ev.At = c.fleet.now()
		c.fleet.options.Observe(ev)
	}
}

// kick starts a flusher unless one is at work. It never waits: a Send costs its caller
// a goroutine's start, never a system call. The client's mutex must be held.
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
		for _, ev := range b.events {
			o.Observe(ev)
		}
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
	k.stop()
	k.broken = err
	if errors.Is(err, os.ErrDeadlineExceeded) {
		k.kill()
		return
	}
	k.endWithin(closeWait)
}

// batch is one Write: its bytes, and which messages they carry.
type batch struct {
	bytes            []byte
	parts            []part
	written, touched int // bytes that the kernel has for certain, and may have
	events           []Event
}

// part is one message of a batch.
type part struct {
	seq      uint64
	position uint64
	from, to int // its frame is bytes[from:to]
	again    bool
}

var batches = sync.Pool{New: func() any { return new(batch) }}

func (b *batch) reset() {
	b.bytes, b.parts, b.events = b.bytes[:0], b.parts[:0], b.events[:0]
}

func (b *batch) release() {
	b.reset()
	if cap(b.bytes) <= 2*flushPlain {
		batches.Put(b)
	}
}

// collect fills b with what is due. The client's mutex must be held.
func (k *conn) collect(b *batch, secured bool) {
	b.reset()
	b.bytes = k.control.take(b.bytes)
	c, limit, op := k.client, flushPlain, ws.OpBinary
	if secured {
		limit = flushSecure
	}
	if c.fleet.options.Text {
		op = ws.OpText
	}
	o := &c.outbox
	for ; c.live == k && o.pending(); o.next++ {
		m := o.at(o.next)
		if m.done {
			continue
		}
		from := len(b.bytes)
		if from > 0 && from+ws.MaxHeaderSize+len(m.payload) > limit {
			break
		}
		b.bytes = appendFrame(b.bytes, op, m.payload)
		b.parts = append(b.parts, part{seq: m.seq, position: o.next, from: from, to: len(b.bytes), again: m.sent})
	}
}

// settle draws the consequences of a Write for the messages that it carried. What was
// handed over whole is Sent; of the rest, at-most-once gives up what was touched and
// keeps what was not for the next connection. The client's mutex must be held.
func (k *conn) settle(b *batch, at heal.Instant) {
	c := k.client
	once := c.fleet.options.Guarantee == AtMostOnce
	for _, p := range b.parts {
		m := c.outbox.at(p.position) // nil: acknowledged before we got here
		switch {
		case p.to <= b.written:
			b.events = append(b.events, Event{Kind: Sent, At: at, Client: c.id, Gen: k.gen, Seq: p.seq, Again: p.again})
			if m != nil {
				m.sent = true
			}
		case p.from < b.touched:
			if m != nil {
				m.touched = true
			}
			if once {
				b.events = append(b.events, Event{Kind: Dropped, At: at, Client: c.id, Gen: k.gen, Seq: p.seq, Outcome: InDoubt})
			}
		default:
			continue
		}
		if once {
			c.outbox.finish(m)
			c.shard.waiting.Add(-1)
		}
	}
}

// appendFrame appends a masked frame, as clients have to send them (RFC 6455 5.3).
func appendFrame(buf []byte, op ws.OpCode, payload []byte) []byte {
	const fin, masked = 0x80, 0x80
	buf = append(buf, fin|byte(op))
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
