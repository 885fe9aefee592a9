package pool

import (
	"time"

	"github.com/wsheal/wsheal/pool/heal"
)

// EventKind says what a pool observed.
type EventKind uint8

const (
	Stepped  EventKind = iota // one healing decision: Step, From, State, Actions, Late
	Sent                      // a message was handed to the kernel: Seq, Again
	Received                  // a data message arrived: Payload, Seq when it acknowledges one (Acked)
	Dropped                   // a queued message was given up: Seq, Outcome
)

// Outcome is what is known of a message that was given up.
type Outcome uint8

const (
	NotSent Outcome = iota // no byte of it reached the kernel
	InDoubt                // some or all of it was written; the peer may have it
)

// Event is one observation, as a value.
type Event struct {
	Kind   EventKind
	At     heal.Instant
	Client int
	Gen    uint32 // generation of the connection concerned

	Step    heal.Event    // Stepped: the input
	From    heal.Phase    // Stepped: the phase before it
	State   heal.State    // Stepped: the state after it
	Actions heal.Actions  // Stepped: the orders
	Late    time.Duration // Stepped by TimerFired: how long after its due time the timer was served

	Seq     uint64  // Sent, Received with Acked, Dropped
	Again   bool    // Sent: not the first time
	Acked   bool    // Received: Seq was waiting for its acknowledgement, and this is the first
	Outcome Outcome // Dropped
	Payload []byte  // Received: valid only during the call
}
