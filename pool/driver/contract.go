package driver

import (
	"context"
	"net/http"
	"time"

	"github.com/wsheal/wsheal/pool/crowd"
	"github.com/wsheal/wsheal/pool/heal"
)

// Message is one message to send.
type Message struct {
	Payload []byte // copied by Send
	Text    bool   // a text message, which must be UTF-8; false: as Options.Text says
	Seq     uint64 // its number, for Ack and for events
	Ref     any    // handed back with every event about the message; nil: none
}

// Attempt is one dial, as those see it who provide for it.
type Attempt struct {
	Client   int
	Gen      uint32
	Endpoint Endpoint
}

// Credentials are the headers that prove who a client is. Version counts up with each
// refresh.
type Credentials struct {
	Header  http.Header
	Version uint64
}

// End is how an attempt or a connection ended, as a user's hook sees it.
type End struct {
	Client   int
	Endpoint Endpoint
	Cause    heal.Cause
	Code     uint16 // HTTP status or close code; 0: none
	Reason   string // of a close frame
	Err      error
}

// Ruling is what a user's hook makes of an End. The zero value leaves it to the policy.
type Ruling struct {
	Verdict    heal.Verdict
	RetryAfter time.Duration // not before; 0: as the server said, if it did
	Within     time.Duration // window over which to spread; 0: none
}

// Exchange is a conversation over one connection beside its data: a hello after the
// handshake, or a check later on.
type Exchange interface {
	Client() int
	Gen() uint32
	Endpoint() Endpoint
	Subprotocol() string
	First() bool // the connection has just been opened; false: it is checked again
	// Send sends a message ahead of everything that is queued.
	Send(ctx context.Context, m Message) error
	// Receive returns the next message for which match is true, which is then not
	// delivered; before the connection is ready, with match nil, the next of all.
	Receive(ctx context.Context, match func(payload []byte) bool) ([]byte, error)
}

// Shared is what makes the clients of a fleet one pool.
type Shared struct {
	Policy crowd.Policy
	// ResolveEvery is how often names are resolved again, ±20 %, and after a failure; each
	// address is an endpoint of its own; 0: 30 s; < 0: never, names are resolved by the dial.
	ResolveEvery time.Duration
}
