package driver

import (
	"errors"
	"sync"
	"time"

	"github.com/gobwas/ws"

	"github.com/wsheal/wsheal/pool/heal"
	"github.com/wsheal/wsheal/pool/wire"
)

const (
	flushPlain  = 64 << 10 // bytes of one Write
	flushSecure = 16 << 10 // the same over TLS: one record
	fragment    = 32 << 10 // payload bytes of one frame (see wire.Encoder)
)

// open lets a proved connection carry data, instead of the one before it.
func (c *client) open(k *conn) {
	c.mu.Lock()
	if k.deaf || c.live == k {
		c.mu.Unlock()
		return
	}
	c.live = k
	dropped := c.forsake(k.gen - 1)
	if c.outbox.pending() {
		k.kick()
	}
	c.mu.Unlock()
	c.fleet.tell(dropped)
}

// kick has somebody write unless somebody does. It never waits. The client's mutex must
// be held.
func (k *conn) kick() {
	if !k.flushing && !k.dead {
		k.flushing = true
		k.writers.Add(1)
		k.client.fleet.crew.run(job{flush: k, batch: batches.Get().(*batch)})
	}
}

// pause is how long nothing must have been written for a message to be written at once,
// by who sends it. Messages that follow one another faster wait for the flusher, which
// writes them together.
const pause = 100 * time.Microsecond

// promptly is write for messages: those that follow one another closely wait for a
// flusher. The client's mutex must be held.
func (k *conn) promptly() *batch {
	if k.flushing || k.dead {
		return nil
	}
	// An answer has come since the last write, or it is a while ago.
	if last := k.wire.Outbound(); k.wire.Inbound() <= last && k.client.fleet.now().Sub(last) < pause {
		k.kick()
		return nil
	}
	return k.write()
}

// write lets the caller write what is due, without waiting: the batch is to be handed
// to push when the mutex is released. nil: somebody else writes. The client's mutex must
// be held.
func (k *conn) write() *batch {
	if k.flushing || k.dead {
		return nil
	}
	k.flushing = true
	k.writers.Add(1)
	b := batches.Get().(*batch)
	k.collect(b)
	return b
}

// push writes what the kernel takes at once, and leaves the rest to a flusher.
func (k *conn) push(b *batch) {
	n, err := k.wire.WriteNow(b.bytes)
	b.written, b.touched = n, n
	if err == nil && n < len(b.bytes) {
		k.client.mu.Lock()
		k.own(b)
		k.client.mu.Unlock()
		k.client.fleet.crew.run(job{flush: k, batch: b})
		return
	}
	more := false
	k.client.mu.Lock()
	k.settle(b, k.wire.Outbound())
	if err == nil {
		more = k.pends()
		k.flushing = more
	}
	k.client.mu.Unlock()
	k.tell(b)
	switch {
	case err != nil:
		k.unwritable(err)
	case more:
		k.client.fleet.crew.run(job{flush: k, batch: b})
		return
	}
	b.release()
	k.writers.Done()
}

// flush writes until nothing is left to write, everything that waits in one Write:
// control frames, then data. b may have been begun.
func (k *conn) flush(b *batch) {
	defer k.writers.Done()
	defer b.release()
	c := k.client
	for {
		if b.written == len(b.bytes) {
			b.reset()
			c.mu.Lock()
			if !k.collect(b) {
				k.flushing = false
				c.mu.Unlock()
				return
			}
			c.mu.Unlock()
		}
		k.began.Store(int64(c.fleet.now()))
		certain, touched, err := k.wire.Write(b.bytes[b.written:], c.fleet.stall)
		k.drained.Store(int64(k.drainedAt()))
		k.began.Store(0)
		b.touched = b.written + touched
		b.written += certain
		c.mu.Lock()
		k.settle(b, k.wire.Outbound())
		c.mu.Unlock()
		k.tell(b)
		if err != nil {
			k.unwritable(err)
			return
		}
	}
}

// prompt is how long a write may take that did not have to wait.
const prompt = time.Millisecond

// drainedAt is when a write for which the kernel had had no room last went on; 0: never.
func (k *conn) drainedAt() heal.Instant {
	began, last := heal.Instant(k.began.Load()), k.wire.Outbound()
	if began > 0 && last.Sub(began) > prompt {
		return last
	}
	return heal.Instant(k.drained.Load())
}

// tell reports what a write has carried.
func (k *conn) tell(b *batch) {
	o := &k.client.fleet.options
	switch {
	case len(b.carried) == 0:
		return
	case o.Sent != nil:
		o.Sent(b.carried)
	default:
		for i := range b.carried {
			o.Observe(b.carried[i].event())
		}
	}
	clear(b.carried)
	b.carried = b.carried[:0]
}

// unwritable ends a connection whose write failed; flushing stays set, so nothing is
// written any more. Unless the peer stopped reading, the reader may know better why
// (a close frame, a reset), so it is left a moment to find out.
func (k *conn) unwritable(err error) {
	k.client.mu.Lock()
	defer k.client.mu.Unlock()
	end := ending{err: err}
	end.cause, end.code = wire.Cause(err, true)
	if errors.Is(err, wire.ErrStalled) {
		k.end(end)
		return
	}
	k.stop()
	k.because(end)
	k.endWithin(closeWait)
}

// batch is one Write: its bytes, and which messages they carry.
type batch struct {
	bytes            []byte
	parts            []part
	told             int    // bytes of which the consequences have been drawn
	written, touched int    // bytes that the kernel has for certain, and may have
	ping             uint32 // the number of the ping that it carries
	pinged           int    // where that ends; 0: it carries none
	carried          []Carried
}

// part is one message of a batch, or a fragment of one.
type part struct {
	seq      uint64
	ref      any
	position uint64
	ahead    *ahead // of an exchange; nil: of the outbox
	from, to int    // its frame is bytes[from:to]
	last     bool   // the message ends with it
	again    bool
}

var batches = sync.Pool{New: func() any { return new(batch) }}

func (b *batch) reset() {
	clear(b.parts)
	clear(b.carried)
	*b = batch{bytes: b.bytes[:0], parts: b.parts[:0], carried: b.carried[:0]}
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
	frames wire.Encoder
}

// pends tells whether something may be due. The client's mutex must be held.
func (k *conn) pends() bool {
	c, e := k.client, k.exchange
	return k.control.due() || k.cut != nil || e != nil && len(e.ahead) > 0 || c.live == k && c.outbox.pending()
}

// collect fills b, which is empty, with what is due; false: nothing is. The client's mutex
// must be held.
func (k *conn) collect(b *batch) bool {
	k.control.take(b, k.wire)
	limit := flushPlain
	if k.wire.Secure() {
		limit = flushSecure
	}
	var x cut // stays here unless its message is too large for this batch
	some := false
	if k.cut != nil {
		x, some, k.cut = *k.cut, true, nil
	}
	for !k.control.said {
		if !some {
			if x, some = k.begin(limit - len(b.bytes)); !some {
				break
			}
		}
		from := len(b.bytes)
		if from > 0 && from+ws.MaxHeaderSize+min(x.frames.Left(), fragment) > limit {
			k.cut = &cut{x.part, x.frames}
			break
		}
		p := x.part
		b.bytes, some = x.frames.Append(b.bytes)
		p.from, p.to, p.last = from, len(b.bytes), !some
		b.parts = append(b.parts, p)
	}
	return len(b.bytes) > 0
}

// begin takes up the next message; false: there is none for this connection. Where it may be
// cut, for want of room in bytes, what is left of it is needed when Send has returned.
func (k *conn) begin(room int) (x cut, ok bool) {
	c, o := k.client, &k.client.fleet.options
	if e := k.exchange; e != nil && len(e.ahead) > 0 {
		a := e.ahead[0]
		e.ahead = e.ahead[1:]
		return cut{part{ahead: a}, k.wire.Encode(o.op(a.message.Text), a.message.Payload)}, true
	}
	if c.live != k {
		return x, false
	}
	m, position := c.outbox.due(k.gen)
	if m == nil {
		return x, false
	}
	if size := len(m.payload); size > fragment || ws.MaxHeaderSize+size > room {
		m.own()
	}
	x = cut{part{seq: m.seq, ref: m.ref, position: position, again: m.sent}, k.wire.Encode(o.op(m.text), m.payload)}
	c.outbox.carry(m, k)
	return x, true
}

// settle draws the consequences of a Write, of which the kernel took the last byte at an
// instant, for the messages that it carried. What was handed over whole is Sent, and
// at-most-once done with. The client's mutex must be held.
func (k *conn) settle(b *batch, at heal.Instant) {
	c := k.client
	if b.pinged > 0 && b.pinged <= b.written && b.ping == k.control.pings && k.control.handed == 0 {
		k.control.handed, k.control.behind = max(at, 1), k.wire.Behind()
	}
	for i := range b.parts {
		p := &b.parts[i]
		if p.to <= b.told {
			continue
		}
		if p.ahead != nil {
			if p.to <= b.written && p.last {
				close(p.ahead.done)
			}
			continue
		}
		m := c.outbox.at(p.position) // nil: acknowledged before we got here
		if p.from < b.touched && m != nil {
			m.touched = true
		}
		if p.to > b.written || !p.last {
			if m != nil {
				m.own()
			}
			continue
		}
		b.carried = append(b.carried, Carried{At: at, Client: c.id, Gen: k.gen, Seq: p.seq, Ref: p.ref, Again: p.again})
		if m == nil {
			continue
		}
		m.sent = true
		if c.fleet.options.Guarantee == AtMostOnce {
			c.outbox.finish(m)
			c.shard.waiting.Add(-1)
		} else {
			m.own()
		}
	}
	b.told = b.written
	c.letIn()
}

// own makes the payloads of a batch's messages the outbox's, for who sends one of them does
// not wait for the batch to be written. The client's mutex must be held.
func (k *conn) own(b *batch) {
	for i := range b.parts {
		if p := &b.parts[i]; p.ahead == nil {
			if m := k.client.outbox.at(p.position); m != nil {
				m.own()
			}
		}
	}
}

// release gives back what the connection carried, once it is over for good and nothing
// of it is being written: at-most-once gives up what was touched, everything else goes
// over the next connection, but for what goes over this one alone.
func (k *conn) release() {
	c := k.client
	var dropped []Event
	c.mu.Lock()
	once := c.fleet.options.Guarantee == AtMostOnce
	c.outbox.release(k, func(m *message) bool {
		if (!once || !m.touched) && m.gen == 0 {
			return false
		}
		ev := c.giveUp(m)
		ev.Gen = k.gen
		dropped = append(dropped, ev)
		return true
	})
	c.past = max(c.past, k.gen)
	if c.live == nil || c.live.gen > k.gen {
		dropped = append(dropped, c.forsake(k.gen)...)
	}
	if c.live != nil && c.outbox.pending() {
		c.live.kick()
	}
	c.letIn()
	c.mu.Unlock()
	c.fleet.tell(dropped)
}
