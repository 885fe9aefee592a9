package heal

import "time"

// Instant is a moment in nanoseconds since the pool's epoch. Zero is the epoch itself.
type Instant int64

// Add returns the instant d later.
func (t Instant) Add(d time.Duration) Instant { return t + Instant(d) }

// Sub returns the duration from u to t.
func (t Instant) Sub(u Instant) time.Duration { return time.Duration(t - u) }

// Phase is where one client stands in its life.
type Phase uint8

const (
	Idle     Phase = iota // not started: it has never been told to connect
	Waiting               // between connections; a timer says when to dial
	Dialing               // TCP, TLS and upgrade under way, bounded by one deadline
	Proving               // open, but nothing validated has come back yet
	Ready                 // a validated exchange has happened: usable
	Stable                // usable for at least Policy.StableAfter: healed
	Suspect               // silent; pinged and not yet answered
	GaveUp                // a rule said that trying again is pointless; only its owner can start it again
	Retired               // closed by its owner; nothing follows, ever
	Asking                // shared: the delay is over, and the pool has not admitted the dial yet
	Checking              // usable, and being validated again
	Moving                // usable over the old connection while its replacement is asked for and dialled
	Joining               // usable over the old connection while its replacement proves itself
)

// Usable tells whether there is a connection on which a validated exchange has happened.
func (p Phase) Usable() bool {
	switch p {
	case Ready, Stable, Suspect, Checking, Moving, Joining:
		return true
	}
	return false
}

var phaseNames = names[Phase]{
	Idle: "idle", Waiting: "waiting", Dialing: "dialing", Proving: "proving", Ready: "ready",
	Stable: "stable", Suspect: "suspect", GaveUp: "gave up", Retired: "retired",
	Asking: "asking", Checking: "checking", Moving: "moving", Joining: "joining",
}

// Phases is how many phases there are.
const Phases = int(Joining) + 1

func (p Phase) String() string { return phaseNames.of(p) }

// ParsePhase reads what String prints.
func ParsePhase(s string) (Phase, bool) { return phaseNames.parse(s) }

// State is what the policy remembers of one client: a small value, so that ten
// million of them fit in memory. The zero value is a client that has not started.
type State struct {
	Opened   Instant       // when the current connection's handshake ended
	Pinged   Instant       // when the last ping of this connection was ordered
	Delay    time.Duration // the last delay drawn since the client was last stable
	Silence  time.Duration // how long this connection may be silent before the next ping, as drawn
	Gen      uint32        // generation of the current or last dial; the first dial is 1
	Timer    uint32        // number of the timer in force; others are stale
	Attempt  uint32        // dials since the client was last stable (see Policy.ResetOn)
	Steps    uint32        // backoff steps drawn in that time: k of the next
	Pings    uint32        // silences drawn over the client's life: the key of the next draw
	Phase    Phase
	Before   Phase // the phase to which a Suspect returns when a byte arrives
	Endpoint uint8 // index of the endpoint last dialled
	Cause    Cause // why the last connection or attempt ended
}
