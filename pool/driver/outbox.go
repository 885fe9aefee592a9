package driver

import "bytes"

// message is one payload that waits to be sent or to be acknowledged.
type message struct {
	seq     uint64
	ref     any
	payload []byte
	by      *conn  // the connection that carries it, or has carried it and may bring its answer; nil: none
	gen     uint32 // of the connection that it goes over alone; 0: any
	text    bool
	sent    bool // all of it was handed to the kernel at least once
	touched bool // some of it was
	done    bool // acknowledged or given up: a gap that leaves with its neighbours
	lent    bool // payload is that of who is sending it at this moment
}

// own makes the payload the outbox's.
func (m *message) own() {
	if m.lent {
		m.payload, m.lent = bytes.Clone(m.payload), false
	}
}

// outcome is what is known of a message that is given up.
func (m *message) outcome() Outcome {
	if m.sent || m.touched {
		return InDoubt
	}
	return NotSent
}

// outbox is a client's queue, in order of Send, bounded by frames and bytes. Messages
// have positions that count up for ever:
//
//	first                     next
//	  │                        │
//	  ▼                        ▼
//	 [ carried by a connection ][ waiting for one ]
//
// At-most-once messages leave as they are written; at-least-once messages stay until
// they are acknowledged. When a connection ends, next goes back to the first message
// that it carried and that is still there; others in between are skipped, for another
// connection of the client may still be about to bring their answers. It is guarded by
// the client's mutex. The zero value is empty.
type outbox struct {
	messages []message // from head on; those before it have left
	first    uint64    // position of messages[head]
	next     uint64    // position of the next message to write
	bytes    int       // payload bytes of those that wait
	head     int32
	frames   int32 // messages that wait
	carried  int32 // those of them that a connection carries
}

// fits tells whether there is room for one more message of size bytes.
func (o *outbox) fits(size, frames, most int) bool {
	return int(o.frames) < frames && o.bytes+size <= most
}

// push queues a message, whose payload is the outbox's from now on if it is Owned, and
// else once it was told to own it.
func (o *outbox) push(m Message) {
	o.messages = append(o.messages, message{seq: m.Seq, ref: m.Ref, payload: m.Payload, gen: m.Gen, text: m.Text, lent: !m.Owned})
	o.frames++
	o.bytes += len(m.Payload)
}

// at returns the message at a position, nil when it has left.
func (o *outbox) at(position uint64) *message {
	if position < o.first || position-o.first >= uint64(o.left()) {
		return nil
	}
	return &o.messages[int(o.head)+int(position-o.first)]
}

// newest returns the message that was queued last, nil when there is none.
func (o *outbox) newest() *message {
	if o.left() == 0 {
		return nil
	}
	return &o.messages[len(o.messages)-1]
}

// due returns the next message that waits for a connection, nil when none does, or when
// it waits for a later one than gen's, which is about to take over.
func (o *outbox) due(gen uint32) (m *message, position uint64) {
	for ; o.pending(); o.next++ {
		if m := o.at(o.next); !m.done && m.by == nil {
			if m.gen != 0 && m.gen != gen {
				return nil, 0
			}
			return m, o.next
		}
	}
	return nil, 0
}

// carry makes k the connection that carries the message that is due.
func (o *outbox) carry(m *message, k *conn) {
	m.by = k
	k.carries++
	o.carried++
	o.next++
}

// put takes a message from the connection that carries it.
func (o *outbox) put(m *message) {
	if m.by != nil {
		m.by.carries--
		o.carried--
		m.by = nil
	}
}

// release makes everything that k carried wait for the next connection. lost is called
// with each of them first; true: it is given up.
func (o *outbox) release(k *conn, lost func(*message) bool) {
	for i := int(o.head); i < len(o.messages) && k.carries > 0; i++ {
		m := &o.messages[i]
		if m.done || m.by != k {
			continue
		}
		position := o.first + uint64(i-int(o.head))
		o.put(m)
		if lost(m) {
			o.leave(m)
		} else {
			o.next = min(o.next, position)
		}
	}
	o.trim()
}

// forsake gives up what waits for a connection up to gen's alone. lost is called with each
// of them first.
func (o *outbox) forsake(gen uint32, lost func(*message)) {
	for i := int(o.head); i < len(o.messages); i++ {
		if m := &o.messages[i]; !m.done && m.by == nil && m.gen != 0 && m.gen <= gen {
			lost(m)
			o.leave(m)
		}
	}
	o.trim()
}

// finish marks a message as not waiting any more, and lets those leave that nobody
// before them holds back.
func (o *outbox) finish(m *message) {
	o.put(m)
	o.leave(m)
	o.trim()
}

func (o *outbox) leave(m *message) {
	o.frames--
	o.bytes -= len(m.payload)
	m.payload, m.ref, m.done, m.lent = nil, nil, true, false
}

// burst is the most messages whose room is kept from one burst to the next, until rest: growing
// again for each took a fifth of the CPU time of bursts of 64 (bench/cost, burst).
const burst = 256

// rest lets go of the room that bursts have left behind, for one that is idle.
func (o *outbox) rest() {
	if o.left() == 0 {
		o.messages, o.head = nil, 0
	}
}

func (o *outbox) trim() {
	for o.left() > 0 && o.messages[o.head].done {
		o.head++
		o.first++
	}
	o.next = max(o.next, o.first)
	switch left := o.left(); {
	case left == 0 && cap(o.messages) > burst:
		o.messages, o.head = nil, 0
	case left == 0:
		o.messages, o.head = o.messages[:0], 0
	case o.head > 64 && int(o.head) > left:
		copy(o.messages, o.messages[o.head:])
		clear(o.messages[left:])
		o.messages, o.head = o.messages[:left], 0
	}
}

// acknowledge finds the message that an answer names, in what a connection was given;
// false: nothing there waits for it. Answers mostly come in order, so the search is
// short.
func (o *outbox) acknowledge(seq uint64) (ref any, ok bool) {
	for i := int(o.head); i < len(o.messages); i++ {
		m := &o.messages[i]
		if m.seq == seq && !m.done && (m.sent || m.by != nil) {
			ref = m.ref
			o.finish(m)
			return ref, true
		}
	}
	return nil, false
}

// oldest returns the oldest message of which nothing was written, nil when there is none.
func (o *outbox) oldest() *message {
	for i := int(o.head); i < len(o.messages); i++ {
		if m := &o.messages[i]; !m.done && m.by == nil && !m.sent && !m.touched {
			return m
		}
	}
	return nil
}

// pending tells whether there may be something to write.
func (o *outbox) pending() bool {
	return o.next < o.first+uint64(o.left())
}

// left is how many messages there are, gaps included.
func (o *outbox) left() int { return len(o.messages) - int(o.head) }
