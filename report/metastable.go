package report

import (
	"fmt"
	"time"
)

const (
	// metaLeast is the shortest time after the last fault's end at which a fleet that has
	// not recovered is suspected of metastable failure, and metaFloors how many times the
	// recovery floor it is at least: until then it may only be slow.
	metaLeast  = int64(30 * time.Second)
	metaFloors = 5
	// tailOf is the end of the run in which a sustaining effect is looked for.
	tailOf = 10 * time.Second
)

// Metastable is whether the failure outlives its trigger: the fault is over, the offered
// load is as it was, and the fleet does not come back because something sustains the
// failure, reconnects or messages sent again. (Bronson et al., HotOS 2021.) It is a
// suspicion: proof takes a run in which the clients pause.
type Metastable struct {
	State  string `json:"state"` // recovered, suspected, slow (rising at the end), down (nobody tries any more), too early (to tell)
	Why    string `json:"why"`
	Waited int64  `json:"waited"` // ns from the end of the last fault to the end of the run
	Needed int64  `json:"needed"` // ns that a fleet is given until it is suspected
}

// metastable judges, given when the last fault was over; nil when none was, or not over.
func (s *Summary) metastable(over int64) *Metastable {
	if s.Recovery.Zero == "" || over <= 0 || over > s.Duration {
		return nil
	}
	m := &Metastable{Waited: s.Duration - over, Needed: max(metaLeast, metaFloors*s.Recovery.Floor)}
	back := s.Recovery.Cleared.Zero != 0 && s.Recovery.Cleared.T99 >= 0
	answers := s.Dip == nil || s.Dip.Back >= 0
	t := s.tail()
	switch {
	case s.Recovery.Cleared.Zero == 0:
		return nil // no baseline to hold it against
	case back && answers && !s.Run.answers():
		m.State, m.Why = "recovered", "99 % of the baseline was usable by the end"
	case back && answers:
		m.State, m.Why = "recovered", "99 % of the baseline was usable and its messages were answered by the end"
	case m.Waited < m.Needed:
		m.State = "too early"
		m.Why = fmt.Sprintf("not recovered %s after the last fault; %s are needed to tell", FormatDuration(m.Waited), FormatDuration(m.Needed))
	case !back && t.attempts > 0 && 2*t.failed > t.attempts && t.gained*100 <= int(s.Recovery.Baseline):
		m.State = "suspected"
		m.Why = fmt.Sprintf("%s after the last fault %d clients are usable, and of the last %s attempts %s failed", FormatDuration(m.Waited), s.Clients.Usable, FormatCount(int64(t.attempts)), FormatCount(int64(t.failed)))
	case back && s.Dip.Last < 0.5 && s.Dip.Resent > 0:
		m.State = "suspected"
		m.Why = fmt.Sprintf("%s after the last fault the clients are back, but answers come at %s of the baseline's rate while messages are sent again", FormatDuration(m.Waited), FormatShare(s.Dip.Last))
	case !back && t.attempts == 0:
		m.State, m.Why = "down", "nobody has tried to come back lately: nothing sustains the failure"
	default:
		m.State, m.Why = "slow", "not recovered, but nothing shows that the failure sustains itself"
	}
	return m
}

// tail is what went on in the last ten seconds of the run.
type tail struct {
	attempts, failed int
	gained           int // usable clients at the end, less those at the beginning of it
}

func (s *Summary) tail() tail {
	var t tail
	line := &s.Timeline
	if line.Step <= 0 || len(line.Usable) == 0 {
		return t
	}
	first := max(0, len(line.Usable)-int(int64(tailOf)/line.Step)-1)
	for i := first; i < len(line.Usable); i++ {
		t.attempts += line.Attempts[i]
		t.failed += line.Failed[i]
	}
	t.gained = line.Usable[len(line.Usable)-1] - line.Usable[first]
	return t
}
