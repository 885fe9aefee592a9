package chaos

import (
	"fmt"
	"time"
)

// Flap is how a fault comes and goes while it lasts: in force for Down, lifted for Up, in
// turn. The zero value does not flap.
type Flap struct {
	Up     time.Duration `json:"up"`
	Down   time.Duration `json:"down"`
	Cycles int64         `json:"cycles"` // how often it comes into force; 0: for as long as it lasts
}

// Bounds of a flap's times. Shorter ones end before every connection obeys.
const (
	shortestFlap = 10 * time.Millisecond
	longestFlap  = 24 * time.Hour
)

// On says whether it flaps.
func (f Flap) On() bool { return f != Flap{} }

// Check returns what is wrong with it, one sentence each that begins with the field's name.
func (f Flap) Check() []string {
	if !f.On() {
		return nil
	}
	var bad []string
	for _, t := range []struct {
		name string
		d    time.Duration
	}{{"up", f.Up}, {"down", f.Down}} {
		switch {
		case t.d < shortestFlap:
			bad = append(bad, fmt.Sprintf("%s %v is below %v", t.name, t.d, shortestFlap))
		case t.d > longestFlap:
			bad = append(bad, fmt.Sprintf("%s %v is above %v", t.name, t.d, longestFlap))
		}
	}
	if f.Cycles < 0 {
		bad = append(bad, fmt.Sprintf("cycles %d is below 0", f.Cycles))
	}
	return bad
}

// Downs is how often it must have come into force within a time, which begins with the
// first: those that were to be over by then, at least one.
func (f Flap) Downs(within time.Duration) int64 {
	n := max(1, int64((within+f.Up)/(f.Up+f.Down)))
	if f.Cycles > 0 {
		n = min(n, f.Cycles)
	}
	return n
}

// Counters of a fault that flaps, beside those of its kind.
const (
	CountDowns = "downs" // times that it came into force
	CountUps   = "ups"   // times that it was lifted in between
)

// flapped says how often a fault that flaps has come into force, and how often it must
// have.
func (e Evidence) flapped(f Fault) (got, want int64) {
	if !f.Flap.On() {
		return 0, 0
	}
	return e.Count(CountDowns), f.Flap.Downs(time.Duration(e.Cleared - e.Armed))
}
