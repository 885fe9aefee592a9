package chaos

import "time"

// Fault is one thing to break on purpose, resolved from the scenario: what, where,
// whom and for how long.
type Fault struct {
	Name   string        // unique in a run
	On     string        // the target's name
	Share  float64       // of the clients, 0 to 1, drawn once per client (InCohort)
	Seed   uint64        // the run's seed: key of the cohort and of every jitter
	For    time.Duration // how long it is in force; 0: until cleared. The backend clears it by itself after this
	Ramp   time.Duration // over which its cohort grows from nobody to Share; 0: at once
	Flap   Flap          // it comes and goes while it lasts; zero: it does not
	Conns  Conns         // which connections of the cohort; empty: the kind's default
	By     Backend       // what carries it out; empty: the first of the kind's
	Effect Effect
	Parts  []Fault // of which it is made up, which come and go together; empty: it is one
}

// Effect is what a fault does: one type per kind, its exported fields the attributes
// that a scenario writes.
type Effect interface {
	Kind() string
	// String is the attributes in words, empty where there are none.
	String() string
	// Check returns what is wrong with the attributes, one sentence each, the attribute's
	// name first.
	Check() []string
}
