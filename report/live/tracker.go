package live

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsheal/wsheal/report"
)

// Tracker gathers what the engine sees. All methods may be called from many goroutines
// at once. Times are since the run's start.
type Tracker struct {
	// Hot path: atomics only.
	usable   atomic.Int64
	lowest   atomic.Int64 // of usable since the last sample
	attempts atomic.Int64
	answers  atomic.Int64

	mu      sync.Mutex // protects following
	state   State
	watches [4]watch
	usual   map[int]int // how many samples of the baseline phase saw how many usable clients
	seen    counted     // by the sample before
	window  []counted   // samples of the last second, oldest first
}

// counted is the counters at a moment.
type counted struct {
	at                time.Duration
	attempts, answers int64
}

// watch is a stopwatch at work.
type watch struct {
	fell  bool          // below the level since the fault was confirmed
	since time.Duration // back at the level from here; meaningful when up
	up    bool
	held  bool
}

// NewTracker makes a tracker of a run that has not started.
func NewTracker(plan Plan) *Tracker {
	t := &Tracker{usual: map[int]int{}}
	plan.Phases, plan.Faults = slices.Clone(plan.Phases), slices.Clone(plan.Faults)
	t.state.Plan = plan
	t.state.History.Part = max(1, plan.Total()/buckets)
	for i, level := range []float64{0.5, 0.9, 0.99, 1} {
		t.state.Watches[i] = Watch{Name: fmt.Sprintf("t%.0f", level*100), Level: level}
	}
	return t
}

// AddUsable changes the number of usable clients: +1 when one becomes usable, -1 when
// one is no longer.
func (t *Tracker) AddUsable(delta int) {
	n := t.usable.Add(int64(delta))
	if delta < 0 {
		for low := t.lowest.Load(); n < low && !t.lowest.CompareAndSwap(low, n); low = t.lowest.Load() {
		}
	}
}

// AddAttempts counts dials begun.
func (t *Tracker) AddAttempts(n int) { t.attempts.Add(int64(n)) }

// AddAnswers counts messages answered.
func (t *Tracker) AddAnswers(n int) { t.answers.Add(int64(n)) }

// SetPhase says that a phase begins.
func (t *Tracker) SetPhase(name string, at time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.state.Phase = name
	t.event(Event{At: at, Action: "phase", Text: fmt.Sprintf("phase %s, %s", name, t.usableWords())})
}

// SetFault says that a fault of the plan has passed an edge; why is the error of a
// Failed one. The first edge of each kind counts, and unknown names count for nothing.
func (t *Tracker) SetFault(name string, edge Edge, at time.Duration, why string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := slices.IndexFunc(t.state.Faults, func(f Fault) bool { return f.Name == name })
	if i < 0 {
		return
	}
	// The states handed out share the slice, so it is replaced, not written to.
	t.state.Faults = slices.Clone(t.state.Faults)
	f := &t.state.Faults[i]
	at = max(at, 1) // 0 means not yet
	what := fmt.Sprintf("fault %s (%s %s)", f.Name, f.Kind, report.FormatShare(f.Share))
	say := func(action, text string, level Level) {
		t.event(Event{At: at, Action: "fault." + action, Text: what + " " + text, Level: level, Fault: f.Name})
	}
	switch {
	case edge == Commanded && f.Commanded == 0:
		f.Commanded = at
		say("commanded", "commanded", Info)
	case edge == Confirmed && f.Confirmed == 0:
		f.Confirmed = at
		say("confirmed", "confirmed +"+report.FormatDuration(int64(at-f.Commanded)), Info)
	case edge == Cleared && f.Cleared == 0:
		f.Cleared = at
		say("cleared", "cleared +"+report.FormatDuration(int64(at-max(f.Confirmed, f.Commanded))), Info)
	case edge == Failed && f.Failed == "":
		f.Failed = why
		say("failed", "failed: "+why, Bad)
	}
}

// SetSteady says how the steady-state check went; why names what was not met.
func (t *Tracker) SetSteady(met bool, at time.Duration, why string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if met {
		t.state.Steady = Met
		t.event(Event{At: at, Action: "steady", Text: "steady state met"})
		return
	}
	t.state.Steady = NotMet
	t.event(Event{At: at, Action: "steady", Text: "steady state not met: " + why, Level: Warn})
}

// SetHealth turns the harness light.
func (t *Tracker) SetHealth(h Health, at time.Duration, why string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.state.Health == h {
		return
	}
	before := t.state.Health
	t.state.Health, t.state.HealthText = h, why
	switch {
	case h == Strained:
		t.event(Event{At: at, Action: "harness.strained", Text: "harness strained: " + why, Level: Warn})
	case h == Unfit:
		t.event(Event{At: at, Action: "harness.unfit", Text: "harness unfit: " + why, Level: Bad})
	case before > Fit:
		t.event(Event{At: at, Action: "harness.fit", Text: "harness fit again"})
	}
}

// Note is a line that stays on the screen, whichever view there is.
func (t *Tracker) Note(at time.Duration, text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.state.Events = append(t.state.Events, Event{At: at, Action: "note", Text: text, Note: true})
}

func (t *Tracker) event(e Event) { t.state.Events = append(t.state.Events, e) }

func (t *Tracker) usableWords() string {
	return report.FormatCount(t.usable.Load()) + " of " + report.FormatCount(int64(t.state.Clients)) + " clients usable"
}

// Sample looks at the run and hands over the events since the sample before. Only one
// view can sample a tracker.
func (t *Tracker) Sample(now time.Duration) State {
	usable := t.usable.Load()
	lowest := min(t.lowest.Swap(usable), usable)
	attempts, answers := t.attempts.Load(), t.answers.Load()

	t.mu.Lock()
	defer t.mu.Unlock()
	s := &t.state
	s.Now, s.Usable, s.Dialed, s.Answered = now, int(usable), attempts, answers
	if s.Phase == "baseline" && t.zero() == 0 {
		t.usual[int(usable)]++
	}
	t.rates(counted{now, attempts, answers})
	t.remember(now, int(lowest), int(attempts-t.seen.attempts), int(answers-t.seen.answers))
	t.seen = counted{now, attempts, answers}
	if t.zero() != 0 {
		if s.Baseline == 0 {
			s.Baseline = t.baseline()
		}
		for i := range t.watches {
			t.time(i, now, float64(lowest), float64(usable))
		}
	}
	out := *s
	s.Events = nil
	return out
}

// zero is the first fault's confirmed edge; 0: none yet.
func (t *Tracker) zero() time.Duration {
	zero := time.Duration(0)
	for _, f := range t.state.Faults {
		if f.Confirmed != 0 && (zero == 0 || f.Confirmed < zero) {
			zero = f.Confirmed
		}
	}
	return zero
}

// baseline is the median of the samples of the baseline phase; without any, all clients.
func (t *Tracker) baseline() float64 {
	values := make([]int, 0, len(t.usual))
	n := 0
	for v, times := range t.usual {
		values, n = append(values, v), n+times
	}
	slices.Sort(values)
	below := 0
	for _, v := range values {
		if below += t.usual[v]; 2*below >= n {
			return float64(v)
		}
	}
	return float64(t.state.Clients)
}

// time moves stopwatch i. A dip between two samples counts, however short, because
// lowest has it.
func (t *Tracker) time(i int, now time.Duration, lowest, usable float64) {
	w, out := &t.watches[i], &t.state.Watches[i]
	need := out.Level * t.state.Baseline
	if lowest < need {
		if w.held {
			t.event(Event{At: now, Action: "relapse", Text: fmt.Sprintf("usable clients fell below %s again", report.FormatShare(out.Level)), Level: Warn})
		}
		*w = watch{fell: true}
	}
	if usable >= need && !w.up {
		w.up, w.since = true, now
	}
	value := now - t.zero()
	switch {
	case !w.fell:
		out.State, out.Value = Untouched, 0
		return
	case !w.up:
		out.State, out.Value = Running, value
		return
	}
	out.Value = w.since - t.zero()
	if out.State = Reached; now-w.since >= t.state.Hold {
		out.State = Held
		if !w.held {
			w.held = true
			t.event(Event{At: now, Action: "recovered", Text: fmt.Sprintf("%s %s, held for %s", out.Name, Seconds(out.Value), report.FormatDuration(int64(t.state.Hold)))})
		}
	}
}

// rates are the counts over the last second, or over what there is of it.
func (t *Tracker) rates(c counted) {
	if len(t.window) > 0 && t.window[len(t.window)-1].at >= c.at {
		return
	}
	t.window = append(t.window, c)
	for len(t.window) > 2 && t.window[1].at <= c.at-time.Second {
		t.window = t.window[1:]
	}
	first := t.window[0]
	if over := (c.at - first.at).Seconds(); over > 0 {
		t.state.Attempts = float64(c.attempts-first.attempts) / over
		t.state.Answers = float64(c.answers-first.answers) / over
	}
	if c.at-first.at >= time.Second { // a shorter window would overstate a peak
		t.state.Peak = max(t.state.Peak, t.state.Attempts)
	}
}

// remember adds a sample to the history.
func (t *Tracker) remember(now time.Duration, lowest, attempts, answers int) {
	h := &t.state.History
	i := int(min(max(now/h.Part, 0), buckets-1))
	if h.Covered[i] == 0 {
		h.Usable[i] = lowest
	}
	h.Covered[i] += max(now-t.seen.at, 1)
	h.Usable[i] = min(h.Usable[i], lowest)
	h.Attempts[i] += attempts
	h.Answers[i] += answers
}
