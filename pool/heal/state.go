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
	Opened   Instant       // when the handshake of connection Live ended
	Mark     Instant       // when the question that is open was put: the ping, the check, the ask for admission; Waiting: when to dial
	Delay    time.Duration // the last delay since the client was last stable
	Gen      uint32        // generation of the current or last dial; the first dial is 1
	Live     uint32        // generation of the usable connection, Gen but for a planned move: as many dials behind as have not replaced it
	Timer    uint32        // number of the timer in force; others are stale
	Pings    uint32        // silences drawn over the client's life: the key of the next draw
	SRTT     uint32        // smoothed round trip to Home, µs; 0: not measured
	RTTVar   uint32        // its variation, µs
	CheckAt  moment        // when the connection is to be validated again
	MoveAt   moment        // when a move that is wanted is to begin
	Attempt  uint16        // dials since the client was last stable (see Policy.ResetOn); it never overflows
	Steps    uint8         // backoff steps drawn in that time: k of the next, at most 255
	Phase    Phase
	Endpoint uint8 // index of the endpoint last dialled, or of connection Live when that dial failed to replace it
	Home     uint8 // index of the endpoint of connection Live
	Cause    Cause // why the last connection or attempt ended
	flags    flags
}

// flags are what a client remembers in one bit each.
type flags uint8

const (
	healed    flags = 1 << iota // connection Live was stable: to which a usable connection returns from Suspect, Checking and a move that failed
	shun                        // the next dial is to leave Endpoint out, if there is another
	rejected                    // the next dial needs fresh credentials
	refreshed                   // it has had them, and no connection has become ready since
	wanted                      // the connection is to be replaced, at MoveAt
	replacing                   // Moving: the replacement is being dialled; else it is asked for
	scattered                   // a wait for admission was given up once since the last dial
	told                        // MoveAt is no sooner than somebody asked for, and binds a reconnect as well
)

func (s *State) is(f flags) bool { return s.flags&f != 0 }
func (s *State) set(f flags)     { s.flags |= f }
func (s *State) unset(f flags)   { s.flags &^= f }

// Silence is how long the usable connection may be silent before it is pinged, as drawn
// last; 0 before the first draw.
func (s *State) Silence(p *Policy, r Rand) time.Duration {
	if s.Pings == 0 {
		return 0
	}
	return p.SilenceOf(r, s.Pings-1)
}
