package pool

import "unicode/utf8"

// Message is one data message, either way.
type Message struct {
	Payload []byte // of one that is sent: copied; of one that arrived: the receiver's
	Text    bool   // a text message, which must be UTF-8, else sending it fails with ErrNotText; false: binary
	// Idempotent says that the peer may get the message twice. Only such a message is sent
	// again when the connection that carried it was lost before it was answered.
	Idempotent bool
	// Seq is its number in a Session that acknowledges, counting up; 0: it has none. It is
	// not put on the wire: what the peer is to know of it is for you to write into Payload, and
	// SessionConfig.Ack to read from the answer.
	Seq uint64
}

// sound tells what keeps a message from being sent at all.
func (m *Message) sound() error {
	if m.Text && !utf8.Valid(m.Payload) {
		return ErrNotText
	}
	return nil
}

// Correlate tells which answer belongs to which message, for Request and for receipts
// that become Acked. Both functions run on goroutines of the pool: they must be quick
// and must not block. They may be called from many goroutines at once.
type Correlate struct {
	// Request names a message that will be answered; false: no answer belongs to it. Ids
	// in flight must be unique.
	Request func(Message) (id string, ok bool)
	// Reply names the message that an inbound message answers; false: it answers none.
	Reply func(Message) (id string, ok bool)
}

// QueueFull says what a Send does that finds no connection with room.
type QueueFull uint8

const (
	Wait       QueueFull = iota // until there is room, or the context ends
	FailFast                    // fail with ErrQueueFull, or ErrNoConnection
	DropOldest                  // the oldest message of which nothing was written makes room and is NotSent
	Disconnect                  // a connection whose queue is full is killed: its peer does not read
)

// Slow says what happens to inbound messages for which their reader has no room left.
type Slow uint8

const (
	ByDefault  Slow = iota // as documented where it is used
	Backlog                // nothing more is read from that connection until there is room: the server feels it
	SkipOldest             // the oldest unread message goes, and a Gap tells how many went
	Hangup                 // the reader is ended with ErrSlowConsumer
)
