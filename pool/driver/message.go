package driver

import "bytes"

// Message is one message to send.
type Message struct {
	Payload []byte // copied by Send
	Text    bool   // a text message, which must be UTF-8; false: as Options.Text says
	Seq     uint64 // its number, for Ack and for events
	Ref     any    // handed back with every event about the message; nil: none
}

// own makes the message's payload independent of the caller's.
func (m Message) own() Message {
	m.Payload = bytes.Clone(m.Payload)
	return m
}
