package report

import (
	"errors"
	"fmt"
)

// countMost bounds the messages of one interval, so that no sum can overflow: a trillion.
const countMost = int64(1e12)

// check says what a record has that cannot be: a negative size, an interval that ends
// before it begins. Nothing that rests on it could be trusted, however well it reads.
func (r *Record) check() error {
	switch {
	case r.Load != nil:
		return r.Load.check(r.T)
	case r.Harness != nil:
		return r.Harness.check()
	case r.Step != nil:
		return r.Step.check()
	case r.Pushed != nil:
		return r.Pushed.check()
	case r.Phase != nil && r.Phase.Name == "":
		return errors.New("field phase.name: expected a name, got nothing")
	}
	return nil
}

// check holds the phases against those that a client can be in: what is none of them would
// be counted as down.
func (s *Step) check() error {
	for _, x := range [...]struct{ field, phase string }{{"from", s.From}, {"to", s.To}} {
		if !isPhase(x.phase) {
			return fmt.Errorf("field step.%s: expected a phase of a client, got %q", x.field, brief(x.phase))
		}
	}
	return nil
}

// isPhase says whether a client can be in a phase. Those in which it is usable are
// isUsable's.
func isPhase(phase string) bool {
	switch phase {
	case "idle", "waiting", "asking", "dialing", "proving", "gave up", "retired":
		return true
	}
	return isUsable(phase)
}

func (r *Run) check() error {
	for _, x := range []struct {
		name  string
		value float64
	}{{"clients", float64(r.Clients)}, {"rate", r.Rate}, {"hold", float64(r.Hold)}, {"mu", r.Mu}} {
		if x.value < 0 {
			return fmt.Errorf("field run.%s: expected 0 or more, got %s", x.name, FormatNumber(x.value))
		}
	}
	return nil
}

func (l *Load) check(t int64) error {
	if l.From < 0 || l.From > t {
		return fmt.Errorf("field load.from: expected 0 to %d, the interval's end, got %d", t, l.From)
	}
	for phase, c := range l.Phases {
		// Dropped may fall: what was given up in doubt and is answered after all.
		for _, n := range []int64{c.Intended, c.Sent, c.Acked, c.Resent, c.Dup, c.Waited, c.Reordered, c.Pushed, c.Dropped + countMost} {
			if n < 0 || n > 2*countMost {
				return fmt.Errorf("field load.phases: %q has a count that no interval can have", brief(phase))
			}
		}
	}
	if l.OnUsable < 0 || l.LateOver < 0 || l.OnUsable > countMost || l.LateOver > countMost {
		return fmt.Errorf("field load: expected counts of 0 or more, got %d on usable connections, %d late", l.OnUsable, l.LateOver)
	}
	return nil
}

func (h *Harness) check() error {
	if h.CPU < 0 || h.RSS < 0 || h.FDs < 0 || h.FDLimit < 0 || h.TickP99 < 0 || h.TickMax < 0 || h.GCPauseMax < 0 || h.Steal < 0 {
		return fmt.Errorf("field harness: process %q has a value below 0", brief(h.Process))
	}
	return nil
}
