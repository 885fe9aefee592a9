package chaos

import "maps"

// Evidence is what was counted where bytes move and sockets close. Times are
// nanoseconds of CLOCK_MONOTONIC, which all processes of one host share; 0: not yet.
type Evidence struct {
	Armed   int64 `json:"armed"`   // in force from here: the confirmed edge
	First   int64 `json:"first"`   // first time that it acted on a connection
	Last    int64 `json:"last"`    // last time
	Cleared int64 `json:"cleared"` // no longer in force from here

	Targeted   int   `json:"targeted"`    // distinct clients of the cohort that had a connection while it was in force
	Hit        int   `json:"hit"`         // of them, those on whose connection it acted
	ControlHit int   `json:"control_hit"` // clients outside the cohort on whose connection it acted
	Resets     int64 `json:"resets"`      // connections ended with a RST
	HeldChunks int64 `json:"held_chunks"` // chunks and ends of stream held back
	HeldBytes  int64 `json:"held_bytes"`
	Leaked     int64 `json:"leaked"`   // bytes or ends of stream that crossed although they should have been held
	Delayed    int64 `json:"delayed"`  // chunks delayed
	DelayNS    int64 `json:"delay_ns"` // sum over them of the time actually added

	// Counts are what else was counted, by the names that the kind's Proof has.
	Counts map[string]int64 `json:"counts,omitempty"`

	Parts []PartEvidence `json:"-"` // of a fault that has parts: what was counted of each; the fields above are their sums
}

// PartEvidence is what was counted of one part of a fault.
type PartEvidence struct {
	Fault    Fault
	Evidence Evidence
}

// Count returns a counter by its name, as Proof has it: those of the fields by their names
// in JSON.
func (e Evidence) Count(name string) int64 {
	switch name {
	case "resets":
		return e.Resets
	case "held_chunks":
		return e.HeldChunks
	case "held_bytes":
		return e.HeldBytes
	case "delayed":
		return e.Delayed
	case "delay_ns":
		return e.DelayNS
	}
	return e.Counts[name]
}

// Merge joins what two parts of a backend counted of one fault: in force when both are,
// cleared when both are. A client that both have seen is counted twice.
func (e Evidence) Merge(o Evidence) Evidence {
	bothOrNever := func(x, y int64) int64 {
		if x == 0 || y == 0 {
			return 0
		}
		return max(x, y)
	}
	firstOf := func(x, y int64) int64 {
		if x == 0 || y == 0 {
			return max(x, y)
		}
		return min(x, y)
	}
	sum := Evidence{
		Armed: bothOrNever(e.Armed, o.Armed), First: firstOf(e.First, o.First),
		Last: max(e.Last, o.Last), Cleared: bothOrNever(e.Cleared, o.Cleared),
		Targeted: e.Targeted + o.Targeted, Hit: e.Hit + o.Hit, ControlHit: e.ControlHit + o.ControlHit,
		Resets: e.Resets + o.Resets, HeldChunks: e.HeldChunks + o.HeldChunks, HeldBytes: e.HeldBytes + o.HeldBytes,
		Leaked: e.Leaked + o.Leaked, Delayed: e.Delayed + o.Delayed, DelayNS: e.DelayNS + o.DelayNS,
		Counts: maps.Clone(e.Counts),
	}
	for name, n := range o.Counts {
		if sum.Counts == nil {
			sum.Counts = map[string]int64{}
		}
		sum.Counts[name] += n
	}
	return sum
}

// State is what the evidence proves.
type State string

const (
	Confirmed    State = "confirmed"    // in force, seen to act on those it should and on nobody else, and cleared
	Partial      State = "partial"      // it acted on fewer of its cohort than required
	NoEffect     State = "no effect"    // in force, but it acted on nobody
	Unexpected   State = "unexpected"   // it acted on the control cohort, or let through what it should hold
	NotCleared   State = "not cleared"  // still in force at the end
	Unverifiable State = "unverifiable" // the backend could not say
)
