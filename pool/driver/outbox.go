package driver

import "bytes"

// message is one payload that waits to be sent or to be acknowledged.
type message struct {
	seq     uint64
	payload []byte
	sent    bool // all of it was handed to the kernel at least once
	touched bool // some of it was
	done    bool // acknowledged: a gap that leaves with its neighbours
}

// outbox is a client's queue, in order of Send, bounded by frames and bytes. Messages
// have positions that count up for ever:
//
//	first                next
//	  │                   │
//	  ▼                   ▼
//	 [ on this connection ][ not yet on this connection ]
//
// At-most-once messages leave as they are written; at-least-once messages stay until
// they are acknowledged, and a new connection sets next back to first. It is guarded by
// the client's mutex. The zero value is empty.
type outbox struct {
	messages []message // from head on; those before it have left
	head     int
	first    uint64 // position of messages[head]
	next     uint64 // position of the next message to write
	frames   int    // messages that wait
	bytes    int    // payload bytes of those
}

// push queues a copy of payload; false: there is no room.
func (o *outbox) push(seq uint64, payload []byte, frames, size int) bool {
	if o.frames >= frames || o.bytes+len(payload) > size {
		return false
	}
	o.messages = append(o.messages, message{seq: seq, payload: bytes.Clone(payload)})
	o.frames++
	o.bytes += len(payload)
	return true
}

// at returns the message at a position, nil when it has left.
func (o *outbox) at(position uint64) *message {
	if position < o.first || position-o.first >= uint64(len(o.messages)-o.head) {
		return nil
	}
	return &o.messages[o.head+int(position-o.first)]
}

// finish marks a message as not waiting any more, and lets those leave that nobody
// before them holds back.
func (o *outbox) finish(m *message) {
	o.frames--
	o.bytes -= len(m.payload)
	m.payload, m.done = nil, true
	for o.head < len(o.messages) && o.messages[o.head].done {
		o.head++
		o.first++
	}
	o.next = max(o.next, o.first)
	switch left := len(o.messages) - o.head; {
	case left == 0 && cap(o.messages) > 64:
		o.messages, o.head = nil, 0
	case left == 0:
		o.messages, o.head = o.messages[:0], 0
	case o.head > 64 && o.head > left:
		copy(o.messages, o.messages[o.head:])
		clear(o.messages[left:])
		o.messages, o.head = o.messages[:left], 0
	}
}

// acknowledge finds the message that an answer names, in what was handed to the
// kernel; false: nothing there waits for it. Answers mostly come in order, so the
// search is short.
func (o *outbox) acknowledge(seq uint64) bool {
	for i := o.head; i < len(o.messages); i++ {
		m := &o.messages[i]
		inFlight := o.first+uint64(i-o.head) < o.next
		if m.seq == seq && !m.done && (m.sent || inFlight) {
			o.finish(m)
			return true
		}
	}
	return false
}

// rewind makes everything that waits go over the next connection.
func (o *outbox) rewind() { o.next = o.first }

// pending tells whether there is something to write.
func (o *outbox) pending() bool {
	return o.next < o.first+uint64(len(o.messages)-o.head)
}
