package driver

import (
	"bytes"
	"unicode/utf8"
)

// Message is one message to send.
type Message struct {
	Payload []byte // the caller's again when Send returns, unless it is Owned
	Owned   bool   // nobody will change Payload any more: Send need not copy it, whatever becomes of it
	Text    bool   // a text message, which must be UTF-8; false: as Options.Text says
	Seq     uint64 // its number, for Ack and for events
	Ref     any    // handed back with every event about the message; nil: none
	Gen     uint32 // goes over this generation's connection alone, and is Dropped with it, or refused with ErrEnded; 0: over any
}

// sound tells what keeps a message from being sent at all: a peer would end the connection
// for it, with 1007 (RFC 6455 8.1).
func (o *Options) sound(m *Message) error {
	if (m.Text || o.Text) && !utf8.Valid(m.Payload) {
		return ErrNotText
	}
	return nil
}

// own makes the message's payload independent of the caller's.
func (m Message) own() Message {
	if !m.Owned {
		m.Payload, m.Owned = bytes.Clone(m.Payload), true
	}
	return m
}
