package driver

import (
	"time"

	"github.com/wsheal/wsheal/pool/crowd"
	"github.com/wsheal/wsheal/pool/heal"
)

// EventKind says what a fleet observed.
type EventKind uint8

const (
	Stepped   EventKind = iota // one healing decision: Step, From, State, Actions, Late, Err
	Sent                       // a message was handed to the kernel: Seq, Ref, Again
	Received                   // a data message arrived: Payload; Seq and Ref when it acknowledges one (Acked)
	Dropped                    // a queued message was given up: Seq, Ref, Outcome
	Acked                      // at-least-once: a message was acknowledged, for the first time: Seq, Ref
	Discarded                  // a message that had arrived was given up, for the inbox was full: Payload
	Noticed                    // shared: what the clients decide together changed: Report, Endpoint, Err
	Ended                      // a connection is over, all that was written to it was observed, and Receive has returned from all that arrived on it; beside Lost, in any order
	Left                       // a client was removed, and nothing of it is left; no event of it follows
)

var eventNames = [...]string{
	Stepped: "stepped", Sent: "sent", Received: "received", Dropped: "dropped",
	Acked: "acked", Discarded: "discarded", Noticed: "noticed", Ended: "ended", Left: "left",
}

func (k EventKind) String() string {
	if int(k) < len(eventNames) {
		return eventNames[k]
	}
	return "unknown"
}

// Outcome is what is known of a message that was given up.
type Outcome uint8

const (
	NotSent Outcome = iota // no byte of it reached the kernel
	InDoubt                // some or all of it was written; the peer may have it
)

func (o Outcome) String() string {
	if o == NotSent {
		return "not sent"
	}
	return "in doubt"
}

// Carried is one message that a write has handed to the kernel, whole: what a Sent event
// tells, in an eighth of its size.
type Carried struct {
	At     heal.Instant // when the kernel had accepted it
	Client int
	Gen    uint32 // generation of the connection
	Again  bool   // not the first time
	Seq    uint64
	Ref    any // Message.Ref
}

func (c *Carried) event() Event {
	return Event{Kind: Sent, At: c.At, Client: c.Client, Gen: c.Gen, Seq: c.Seq, Ref: c.Ref, Again: c.Again}
}

// Event is one observation, as a value.
type Event struct {
	Kind EventKind
	// At is when it happened: of Stepped the now that Step was given, of Sent when the
	// kernel had accepted the message, of Received when its last byte was read. The
	// answer to a message may be observed before its Sent: they come from two goroutines.
	At     heal.Instant
	Client int    // -1: Noticed, which is about all
	Gen    uint32 // generation of the connection concerned

	Step    heal.Event    // Stepped: the input
	From    heal.Phase    // Stepped: the phase before it
	State   heal.State    // Stepped: the state after it
	Actions heal.Actions  // Stepped: the orders
	Late    time.Duration // Stepped by TimerFired: how long after its due time the timer was served
	Err     error         // Stepped by Failed, Lost or Disproved: the error behind it, for people; nil when there is none

	Connected heal.Instant // Stepped by Opened: when it was a connection of TCP
	Secured   heal.Instant // Stepped by Opened: when it was one of TLS; 0: without

	Seq     uint64  // Sent, Dropped, Acked; Received when Options.Ack named it
	Ref     any     // Message.Ref of the message that Seq numbers; of Received only when Acked
	Again   bool    // Sent: not the first time; Received, at-least-once: nothing waited for Seq (any more), a duplicate
	Acked   bool    // Received, at-least-once: Seq was waiting for its acknowledgement, and this is the first
	Outcome Outcome // Dropped
	Payload []byte  // Received, Discarded: valid only during the call

	Report   crowd.Action // Noticed: a crowd.Report
	Endpoint string       // Noticed: the key of the endpoint that Report is about
}
