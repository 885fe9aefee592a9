package crowd

import (
	"time"

	"github.com/wsheal/wsheal/pool/heal"
)

// Endpoint is an address that clients may be sent to. What is known of it is kept by
// Key, so that a list that was fetched anew changes nothing for those that are still on it.
type Endpoint struct {
	Key      string // the address, "10.0.0.7:443"; must be unique
	Priority int    // lower is better; others are for when these are not fit
	Weight   int    // share among equals; 0 counts as 1
}

// EventKind says what happened.
type EventKind uint8

const (
	Asked     EventKind = iota // Client's dial is due; Avoid is an endpoint it is not sent to while another is in use, or -1; Planned when its connection is to be replaced and still works
	Withdrawn                  // Client asked, or was admitted, and does not want to dial any more
	Opened                     // an admitted dial of Client to Endpoint brought a 101, after Took
	Failed                     // an admitted dial failed: Cause, Code, RetryAfter, Took
	Proved                     // Client's connection carried a validated exchange
	Stable                     // Client's connection healed
	Lost                       // Client's connection ended: Cause, Code, RetryAfter; Early when it had not become stable
	Answered                   // a ping was answered after Took
	Ticked                     // the time that Arm named has come
)

// Event is one thing that happened, as a value.
type Event struct {
	Kind       EventKind
	Client     int
	Endpoint   uint8
	Avoid      int16 // Asked: index of an endpoint, or -1
	Early      bool
	Planned    bool // Lost: the pool itself meant it (a move, a smaller size, a close). Asked: the client is not down
	Cause      heal.Cause
	Code       uint16
	RetryAfter time.Duration
	Took       time.Duration
}

// ActionKind says what the driver has to do.
type ActionKind uint8

const (
	Admit   ActionKind = iota // let Client dial Endpoint (heal.Admitted); every Admit is answered by Opened, Failed or Withdrawn
	Arm                       // call back with Ticked at At; it replaces the time before it
	Scatter                   // tell Client, or where that is -1 everybody who is waiting (heal.Scatter), with Within
	Shed                      // let N clients that are connected to Endpoint move elsewhere (heal.Move), one after the other
	Report                    // tell whoever watches: Endpoint's Health changed, or a storm or panic began or ended
)

// Action is one thing to do, as a value.
type Action struct {
	Kind     ActionKind
	Client   int
	Endpoint uint8
	N        int
	At       heal.Instant
	Within   time.Duration
	Notice   Notice
	Health   Health
}

// Notice is what a Report tells.
type Notice uint8

const (
	HealthChanged Notice = iota // Endpoint's Health is now Health
	StormBegan                  // many connections were lost at once
	StormOver
	PanicBegan // too few endpoints are fit: all are used again
	PanicOver
	BudgetSpent // the retry budget is empty: only the floor of attempts is left
	BudgetBack
)

// Health is what is held of an endpoint.
type Health uint8

const (
	Unknown  Health = iota // never connected to
	Healthy                // fit
	Degraded               // fit, but slow against the others: it gets less
	Ejected                // not fit, until a time
	Probing                // a few leased attempts find out whether it is fit again
	Warming                // fit again: its share grows slowly
	Draining               // on its way out: no new connections
	Removed                // not on the list any more
)
