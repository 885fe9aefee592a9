// Package crowd decides what the clients of one pool decide together: who may dial
// now and where, whether an endpoint is fit, whether so many were lost at once that
// coming back has to be spread, and how many connections there should be. Like package
// heal it is pure: events and the time come in, actions go out.
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
	Asked     EventKind = iota // Client's dial is due; Avoid is an endpoint it should not be sent to, if there is another
	Withdrawn                  // Client asked, and does not want to dial any more
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
	Planned    bool // Lost: the pool itself meant it (a move, a smaller size, a close)
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
	Scatter                   // tell every client that is waiting (heal.Scatter), with Within
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

// Crowd is the shared state of one pool. Its methods are not safe for concurrent use:
// the driver calls them one after the other, with now never running backwards.
type Crowd struct{}

// New makes the state of a pool that has no endpoints yet. The policy must be without
// Faults.
func New(p Policy, r heal.Rand) *Crowd { panic("contract") }

// SetEndpoints says where clients may be sent from now on. Indices of endpoints are
// given out in order, and an address that comes back has the index it had. It appends
// to out and returns it; its error says what is wrong with the list, which is then not
// used.
func (c *Crowd) SetEndpoints(now heal.Instant, list []Endpoint, out []Action) ([]Action, error) {
	panic("contract")
}

// Index returns the index of the endpoint with that key.
func (c *Crowd) Index(key string) (uint8, bool) { panic("contract") }

// Step takes one event, appends what is to be done to out and returns it.
func (c *Crowd) Step(now heal.Instant, ev Event, out []Action) []Action { panic("contract") }

// Snapshot is the shared state at one moment.
type Snapshot struct {
	Storm     bool
	Panic     bool
	Budget    float64 // attempts that are left in the retry budget
	Asking    int     // clients that wait for admission
	Dialing   int     // admitted dials under way
	Endpoints []EndpointSnapshot
}

// EndpointSnapshot is one endpoint at one moment.
type EndpointSnapshot struct {
	Key         string
	Health      Health
	Until       heal.Instant // Ejected: when it is probed
	Connections int
	Dialing     int
	Limit       float64       // handshakes that may be under way at once
	Latency     time.Duration // smoothed time of a handshake
}

// Snapshot returns the state.
func (c *Crowd) Snapshot() Snapshot { panic("contract") }
