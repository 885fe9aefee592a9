package live

import "time"

// Plan is what is known before the run starts. All times are since the run's start.
type Plan struct {
	Scenario string
	Policy   string
	Seed     uint64
	Clients  int
	Sharing  bool    // the clients are one pool
	Rate     float64 // messages per second intended; 0: no load
	Hold     time.Duration
	Phases   []Phase
	Faults   []Fault
}

// Total is the length of the plan.
func (p Plan) Total() time.Duration {
	total := time.Duration(0)
	for _, ph := range p.Phases {
		total = max(total, ph.To)
	}
	return total
}

// Phase of the plan.
type Phase struct {
	Name     string
	From, To time.Duration
}

// Fault is one fault as planned, and the edges that it has passed.
type Fault struct {
	Name  string
	Kind  string
	Share float64
	At    time.Duration
	For   time.Duration // 0: instantaneous or until cleared

	// Set by the tracker; 0: not yet.
	Commanded, Confirmed, Cleared time.Duration
	Failed                        string // why it could not be put in force or cleared
}

// Edge is one step of a fault's life.
type Edge uint8

const (
	Commanded Edge = iota // the call is on its way
	Confirmed             // in force
	Cleared               // no longer in force
	Failed                // the call came back with an error
)

// WatchState says what a stopwatch does.
type WatchState uint8

const (
	Idle      WatchState = iota // no fault is confirmed yet
	Untouched                   // a fault is in force, but usable clients never fell below the level
	Running                     // below the level
	Reached                     // back at the level, for less than the hold time
	Held                        // back at the level for the hold time: the value stands
)

// Watch is the stopwatch of one recovery level. It starts with the first fault's
// confirmed edge.
type Watch struct {
	Name  string // t50, t90, t99, t100
	Level float64
	State WatchState
	Value time.Duration // Running: so far; Reached and Held: when it came back
}

// Health is whether the harness can do its work.
type Health uint8

const (
	Unknown Health = iota
	Fit
	Strained // worth a look
	Unfit    // the run will be invalid
)

// Steadiness is the outcome of the steady-state check.
type Steadiness uint8

const (
	Unchecked Steadiness = iota
	Met
	NotMet
)

// Event is a change of state in words.
type Event struct {
	At     time.Duration
	Text   string
	Note   bool   // something to keep on the screen
	Action string // what changed, by the names of events.ndjson
	Level  Level
	Fault  string // whose edge it is; empty: of none
}

// Level says how much an event matters.
type Level uint8

const (
	Info Level = iota
	Warn
	Bad // something does not work
)

func (l Level) String() string { return [...]string{"info", "warn", "error"}[min(l, Bad)] }

// State is one look at a run, as a value that nobody changes any more.
type State struct {
	Plan   // with the faults' edges
	Now    time.Duration
	Phase  string
	Usable int

	Baseline   float64 // median of usable clients over the baseline phase; 0: not known yet
	Attempts   float64 // per second, over the last second
	Peak       float64 // the highest that Attempts has been
	Answers    float64 // per second, over the last second
	Dialed     int64   // dials since the start
	Answered   int64   // messages answered since the start
	Watches    [4]Watch
	Steady     Steadiness
	Health     Health
	HealthText string
	History    History
	Events     []Event // since the sample before
}

// buckets is the resolution of the history.
const buckets = 240

// History is the run so far in equal parts of the plan. A sample counts in the part in
// which it was taken.
type History struct {
	Part     time.Duration          // length of one; the last takes what exceeds the plan
	Covered  [buckets]time.Duration // how much time the samples of a part stand for; 0: none was taken in it
	Usable   [buckets]int           // lowest
	Attempts [buckets]int
	Answers  [buckets]int
}
