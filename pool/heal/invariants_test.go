package heal

import (
	"math"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The tests are numbered as the invariants of doc.go. Each builds the situation in
// which its invariant matters; the world checks the others on the way.

// inPhase is a client in a phase: alone, but for the phase that only a pool has.
func inPhase(t *testing.T, phase Phase) *world {
	t.Helper()
	p := policyLike("default")
	p.CheckEvery = 30 * time.Second
	p.Shared = phase == Asking
	return newWorld(t, p).reach(phase)
}

// phases are all there are.
func phases(yield func(Phase) bool) {
	for phase := range Phase(Phases) {
		if !yield(phase) {
			return
		}
	}
}

func TestInvariant01StaleIsSilent(t *testing.T) {
	for phase := range phases {
		w := inPhase(t, phase)
		before := w.s
		for _, off := range []uint32{1, 2, 1 << 31, ^uint32(0)} {
			for _, kind := range []EventKind{Opened, Failed, Proved, Lost, Checked, Disproved} {
				if gen := before.Gen + off; gen != before.Live {
					assert.Empty(t, w.step(Event{Kind: kind, Gen: gen, Cause: Reset}), "%v in %v", kind, phase)
				}
			}
			assert.Empty(t, w.step(Event{Kind: TimerFired, Timer: before.Timer + off}), "timer in %v", phase)
		}
		if !before.asks() {
			assert.Empty(t, w.step(Event{Kind: Admitted}), "admitted in %v", phase)
		}
		assert.Equal(t, before, w.s)
	}
}

// A connection that healing killed may still be reported as lost, and a dial that was
// ordered away as opened.
func TestInvariant01LateReports(t *testing.T) {
	w := newWorld(t, policyLike("default")).reach(Suspect)
	w.fire() // half-open
	require.Equal(t, Waiting, w.s.Phase)
	before := w.s
	assert.Empty(t, w.loses(Reset, 0), "its own generation, reported late")
	assert.Equal(t, before, w.s)

	w = newWorld(t, policyLike("default")).reach(Dialing)
	w.close()
	assert.Empty(t, w.opens())
	assert.Equal(t, Retired, w.s.Phase)
}

func TestInvariant02OneConnection(t *testing.T) {
	w := newWorld(t, policyLike("default"))
	w.start()
	for gen := uint32(1); gen < 50; gen++ {
		require.Equal(t, gen, w.s.Gen)
		assert.Empty(t, w.start(), "a second start begins no second dial")
		assert.Empty(t, w.loses(Reset, 0), "a dial cannot be lost")
		if gen%2 == 0 {
			w.opens()
			assert.Empty(t, w.opens(), "opened twice")
			assert.Empty(t, w.fails(Reset, 0, 0), "failed after it opened")
			assert.Empty(t, w.start())
			w.loses(EOF, 0)
		} else {
			w.fails(Refused, 0, 0)
		}
		assert.Empty(t, w.start(), "started while waiting")
		w.fire()
	}
}

func TestInvariant03NothingWaitsForEver(t *testing.T) {
	for _, name := range policyNames {
		w := newWorld(t, policyLike(name))
		w.p.Backoff.Tries = 0
		w.start()
		for range 30 { // a driver that never reports a dial
			require.Equal(t, Dialing, w.s.Phase)
			dialled := w.now
			w.fire()
			assert.Equal(t, 2*w.p.HandshakeTimeout, w.now.Sub(dialled))
			assert.Equal(t, Timeout, w.s.Cause)
			for w.s.Phase == Waiting {
				w.fire()
			}
			w.opens() // and one that never reports a round trip
			opened := w.now
			w.fire()
			assert.Equal(t, w.p.ProveTimeout, w.now.Sub(opened))
			assert.Equal(t, Unproved, w.s.Cause)
			for w.s.Phase == Waiting {
				w.fire()
			}
		}
	}
}

// Accept-then-close, and accept, prove, then close: attempts go on counting and delays
// reach the top, however often the connection opens.
func TestInvariant04HealedMeansStable(t *testing.T) {
	for _, proves := range []bool{false, true} {
		w := newWorld(t, policyLike("default")).reach(Stable)
		assert.Zero(t, w.s.Attempt)
		w.loses(Reset, 0)
		for attempt := uint16(1); attempt <= 12; attempt++ {
			w.fire()
			require.Equal(t, attempt, w.s.Attempt)
			w.pass(time.Millisecond)
			w.opens()
			if proves {
				w.proves()
				w.pass(time.Second)
			}
			require.Equal(t, attempt, w.s.Attempt)
			w.loses(CloseFrame, 1011)
		}
		assert.GreaterOrEqual(t, w.s.Delay, 15*time.Second, "half of the cap")
	}
}

// A connection is not stable before it has lived for as long as it was waited for.
func TestInvariant04LongerThanTheDelayBefore(t *testing.T) {
	w := newWorld(t, policyLike("default"))
	w.start()
	for w.s.Delay < 15*time.Second {
		w.fails(Refused, 0, 0)
		w.fire()
	}
	delay := w.s.Delay
	w.opens()
	w.proves()
	opened := w.now
	for w.s.Phase != Stable {
		w.byteAt(w.now)
		w.fire()
	}
	assert.Equal(t, delay, w.now.Sub(opened))
	assert.Zero(t, w.s.Attempt)
	assert.Zero(t, w.s.Delay)
}

// The same, when the timer that says so is served late: time decides, not the driver.
func TestInvariant04LateTimer(t *testing.T) {
	for _, tt := range []struct {
		lived time.Duration
		fresh bool
	}{{5*time.Second - 1, false}, {5 * time.Second, true}} {
		w := newWorld(t, policyLike("default")).reach(Ready)
		w.now = w.live().opened.Add(tt.lived)
		w.loses(Reset, 0)
		require.Equal(t, Waiting, w.s.Phase)
		assert.Equal(t, tt.fresh, w.s.Attempt == 0, "lived for %v", tt.lived)
	}
}

func TestInvariant05JitterAfterTheCap(t *testing.T) {
	for _, name := range []string{"default", "full-jitter", "decorrelated", "uniform"} {
		p := policyLike(name)
		for client := range uint64(500) {
			w := newWorld(t, p)
			w.r.Client = client
			w.start()
			for range 10 {
				w.fails(Refused, 0, 0) // the world checks the bounds of each draw
				require.Less(t, w.s.Delay, p.Backoff.Cap)
				w.fire()
			}
		}
	}
}

// Delays as clients in the wild draw them: capped after the jitter, so that those at the
// cap are all alike; from a base that each client draws once; and plain at first.
func TestInvariant05AsOthersDo(t *testing.T) {
	capped := Backoff{Base: time.Second, Cap: 5 * time.Second, Factor: 2, Jitter: Scaled, Low: 0.5, High: 1.5, CapLast: true}
	own := Backoff{Base: time.Second, BaseMost: 5 * time.Second, Cap: 10 * time.Second, Factor: 1.3}
	plain := Backoff{Base: time.Second, Cap: 2 * time.Minute, Factor: 1.6, Jitter: Scaled, Low: 0.8, High: 1.2, Plain: 1}
	floored := Backoff{Base: 500 * time.Millisecond, Cap: 20 * time.Second, Factor: 2, Jitter: Added, CapLast: true}
	table := Backoff{Table: []time.Duration{0, 2 * time.Second, 10 * time.Second}}
	bases := map[time.Duration]bool{}
	for client := range uint64(500) {
		r := Rand{Seed: 3, Client: client}
		assert.Equal(t, 5*time.Second, capped.step(4, 0, r, 6), "16 s ± 50 %% are more than the cap, whatever is drawn")
		assert.Equal(t, 5*time.Second, capped.step(255, 0, r, 600))
		assert.NotEqual(t, 2*time.Second, capped.step(1, 0, r, 3))

		first := own.step(0, 0, r, 2)
		bases[first] = true
		assert.InDelta(t, 1.3*float64(first), float64(own.step(1, 0, r, 3)), 1, "one base for all steps of a client")
		assert.Equal(t, 10*time.Second, own.step(20, 0, r, 22))

		assert.Equal(t, time.Second, plain.step(0, 0, r, 2))
		assert.NotEqual(t, 1600*time.Millisecond, plain.step(1, 0, r, 3))

		d := floored.step(0, 0, r, 2)
		assert.GreaterOrEqual(t, d, 500*time.Millisecond)
		assert.Less(t, d, time.Second)

		for k, want := range []time.Duration{0, 2 * time.Second, 10 * time.Second, 10 * time.Second} {
			assert.Equal(t, want, table.step(uint8(k), 0, r, 2))
		}
	}
	assert.Greater(t, len(bases), 490, "each client has its own")
}

func TestInvariant06RetryAfter(t *testing.T) {
	tests := []struct {
		ev           Event
		least, below time.Duration
	}{
		{Event{Cause: Status, Code: 503, RetryAfter: 20 * time.Second}, 20 * time.Second, 24 * time.Second},
		{Event{Cause: Status, Code: 429, RetryAfter: 2 * time.Second}, 2 * time.Second, 3 * time.Second},
		{Event{Cause: Status, Code: 503, RetryAfter: time.Hour}, 5 * time.Minute, 6 * time.Minute},
		{Event{Cause: Status, Code: 503, RetryAfter: -time.Hour}, 500 * time.Millisecond, time.Second},
		{Event{Cause: Status, Code: 503}, 500 * time.Millisecond, time.Second},
	}
	for _, tt := range tests {
		for client := range uint64(500) {
			w := newWorld(t, policyLike("default"))
			w.r.Client = client
			w.start()
			tt.ev.Kind, tt.ev.Gen = Failed, 1
			w.step(tt.ev)
			require.Equal(t, Waiting, w.s.Phase)
			assert.GreaterOrEqual(t, w.s.Delay, tt.least)
			assert.Less(t, w.s.Delay, tt.below)
		}
	}

	w := newWorld(t, policyLike("naive"))
	w.start()
	w.fails(Status, 503, time.Minute)
	assert.Equal(t, time.Second, w.s.Delay, "who does not heed comes back as always")
}

// The ordinary delay still holds where it is the longer one.
func TestInvariant06BackoffIsTheLonger(t *testing.T) {
	w := newWorld(t, policyLike("default"))
	w.start()
	for range 8 {
		w.fails(Refused, 0, 0)
		w.fire()
	}
	w.fails(Status, 503, time.Second)
	assert.GreaterOrEqual(t, w.s.Delay, 15*time.Second)
}

func TestInvariant07DetectionIsBounded(t *testing.T) {
	for client := range uint64(1000) {
		w := newWorld(t, policyLike("default"))
		w.r.Client = client
		w.reach(Ready)
		last := w.now.Add(time.Duration(client) * 17 * time.Millisecond)
		for w.due < last { // busy until then
			w.byteAt(min(w.due, last))
			w.fire()
		}
		if w.s.Phase == Suspect {
			continue // silent for too long before last: another case
		}
		w.byteAt(last)
		silence := w.p.SilenceOf(w.r, w.s.Pings-1)
		for w.s.Phase.open() {
			w.fire()
		}
		require.Equal(t, HalfOpen, w.s.Cause)
		require.Equal(t, last.Add(silence+w.p.PingTimeout), w.now)
	}
}

// Before the first byte is noted, silence counts from the opening.
func TestInvariant07SilenceFromTheOpening(t *testing.T) {
	w := newWorld(t, policyLike("default"))
	w.pass(time.Hour)
	w.reach(Ready)
	w.live().evidence = Event{}
	w.fire()
	assert.Equal(t, Stable, w.s.Phase, "not suspect")
	assert.Equal(t, w.live().opened.Add(w.s.Silence(&w.p, w.r)), w.due)
}

func TestInvariant08AByteSaves(t *testing.T) {
	for _, after := range []time.Duration{0, 1, time.Second, 3 * time.Second} {
		w := newWorld(t, policyLike("default")).reach(Suspect)
		pings := w.s.Pings
		w.byteAt(w.s.Mark.Add(after))
		w.fire()
		assert.Equal(t, Stable, w.s.Phase, "a byte %v after the ping", after)
		assert.Equal(t, pings+1, w.s.Pings, "an answered ping draws the next silence")
		assert.Equal(t, max(w.seen().Inbound.Add(w.s.Silence(&w.p, w.r)), w.now), w.due)
	}
	w := newWorld(t, policyLike("default")).reach(Suspect)
	w.fire()
	assert.Equal(t, Waiting, w.s.Phase, "no byte")
}

// A driver that reports the answer need not wait for the timer, and a connection
// returns to the phase from which it became suspect.
func TestInvariant08AnAnswerSavesAtOnce(t *testing.T) {
	p := policyLike("default")
	p.StableAfter = time.Hour
	for _, p := range []Policy{policyLike("default"), p} {
		w := newWorld(t, p).reach(Ready)
		w.fire()
		for w.s.Phase != Suspect {
			w.fire()
		}
		before := Ready
		if w.s.is(healed) {
			before = Stable
		}
		w.pass(time.Millisecond)
		w.proves()
		assert.Equal(t, before, w.s.Phase)
		assert.Equal(t, w.now.Add(w.s.Silence(&w.p, w.r)), w.due)
	}
}

func TestInvariant09GivesUpWhenPointless(t *testing.T) {
	pointless := map[uint16]bool{400: true, 401: true, 403: true, 404: true, 426: true}
	for code := uint16(100); code < 600; code++ {
		for _, name := range []string{"default", "naive"} {
			w := newWorld(t, policyLike(name)).reach(Dialing)
			w.fails(Status, code, 0)
			assert.Equal(t, name == "default" && pointless[code], w.s.Phase == GaveUp, "%s, status %d", name, code)
		}
	}
	for code := uint16(1000); code < 5000; code++ {
		w := newWorld(t, policyLike("default")).reach(Ready)
		w.loses(CloseFrame, code)
		assert.Equal(t, code == 4401 || code == 4403, w.s.Phase == GaveUp, "close %d", code)
	}
	for cause := None; int(cause) < len(causeNames); cause++ {
		w := newWorld(t, policyLike("default")).reach(Dialing)
		w.fails(cause, 0, 0)
		assert.Equal(t, cause == TLS, w.s.Phase == GaveUp, "%v", cause)
	}

	w := newWorld(t, policyLike("default")).reach(GaveUp)
	assert.Empty(t, w.fails(Refused, 0, 0))
	assert.Empty(t, w.opens())
	assert.Empty(t, w.move())
	w.fire() // the timer of the dial was never called off
	assert.Equal(t, GaveUp, w.s.Phase)
	w.start()
	assert.Equal(t, Dialing, w.s.Phase, "its owner may try again")
	assert.Equal(t, uint16(1), w.s.Attempt)
}

// However long it fails, nothing but a verdict ends it: no count does, none overflows, and
// every endpoint is still tried.
func TestInvariant09NeverByACount(t *testing.T) {
	p := policyLike("hasty")
	p.Endpoints = []Endpoint{{0, 1}, {1, 1}, {2, 1}}
	w := newWorld(t, p).reach(Dialing)
	for n := range 900 {
		if n == 300 { // weeks later
			w.s.Attempt = 65_302 // whose turn it is does not change
		}
		require.Equal(t, Dialing, w.s.Phase)
		require.Equal(t, uint8(n%3), w.s.Endpoint, "attempt %d", n)
		w.fails(Refused, 0, 0)
		w.fire()
	}
	assert.Greater(t, w.s.Attempt, uint16(math.MaxUint16-3))
	assert.Equal(t, uint8(255), w.s.Steps)
	assert.Equal(t, 10*time.Second, w.s.Delay)
}

// A round takes every tier once, each soon after the one before, and only then comes a
// step. What says wait, or wait long, is heeded within a round as well.
func TestInvariant05StepsCountRounds(t *testing.T) {
	p := policyLike("rounds")
	p.Endpoints = []Endpoint{{0, 1}, {1, 1}, {1, 3}, {2, 1}}
	w := newWorld(t, p).reach(Dialing)
	tier := []int{0, 1, 1, 2}
	for n := range 30 {
		require.Equal(t, n%3, tier[w.s.Endpoint], "attempt %d", n)
		w.fails(Refused, 0, 0)
		if n%3 < 2 {
			assert.Equal(t, uint8(n/3), w.s.Steps, "attempt %d", n)
			assert.GreaterOrEqual(t, w.s.Delay, time.Second/2)
			assert.Less(t, w.s.Delay, time.Second)
		} else {
			assert.Equal(t, uint8(n/3+1), w.s.Steps, "attempt %d", n)
			assert.GreaterOrEqual(t, w.s.Delay, 5*time.Second/2)
		}
		w.fire()
	}

	w = newWorld(t, p).reach(Dialing)
	w.fails(Status, 503, 7*time.Second)
	assert.GreaterOrEqual(t, w.s.Delay, 7*time.Second)
	w.fire()
	w.fails(DNS, 0, 0)
	assert.GreaterOrEqual(t, w.s.Delay, p.Backoff.Cap/2)
}

func TestInvariant10RetiredIsSilent(t *testing.T) {
	kill := func(gen uint32) Action { return Action{Kind: Kill, Gen: gen} }
	shut := func(gen uint32) Action { return Action{Kind: Shut, Gen: gen, Code: 1000} }
	for phase := range phases {
		w := inPhase(t, phase)
		gen, live := w.s.Gen, w.s.Live
		orders := w.close()
		switch phase {
		case Dialing:
			assert.Equal(t, []Action{kill(gen)}, orders)
		case Proving, Ready, Stable, Suspect, Checking:
			assert.Equal(t, []Action{shut(gen)}, orders, "%v", phase)
		case Moving:
			assert.Equal(t, []Action{kill(gen), shut(live)}, orders)
		case Joining:
			assert.Equal(t, []Action{shut(gen), shut(live)}, orders)
		default:
			assert.Empty(t, orders, "%v", phase)
		}
		retired := w.s
		for kind := Start; kind <= Scatter; kind++ {
			for _, cause := range []Cause{Reset, TLS} {
				for _, gen := range []uint32{gen, live} {
					assert.Empty(t, w.step(Event{Kind: kind, Gen: gen, Timer: w.s.Timer, Cause: cause, Within: time.Minute}))
				}
			}
		}
		assert.Equal(t, retired, w.s)
	}
}

// A move that waits for admission has nothing to kill.
func TestInvariant10CloseWhileAMoveAsks(t *testing.T) {
	p := policyLike("default")
	p.Shared = true
	w := newWorld(t, p).reach(Moving)
	require.True(t, w.s.asks())
	assert.Equal(t, []Action{{Kind: Shut, Gen: 1, Code: 1000}}, w.close())
	assert.Empty(t, w.admits(0), "admitted too late")
}

// Every event in every phase takes the edge of this table, or none.
func TestInvariant11OnlyTheseEdges(t *testing.T) {
	type table map[Phase]map[EventKind]Phase
	want := table{
		Idle:     {Start: Dialing},
		Waiting:  {TimerFired: Dialing},
		Asking:   {Admitted: Dialing, Scatter: Waiting},
		Dialing:  {TimerFired: Waiting, Opened: Proving, Failed: Waiting},
		Proving:  {TimerFired: Waiting, Proved: Ready, Lost: Waiting, Disproved: Waiting},
		Ready:    {TimerFired: Stable, Lost: Waiting, Disproved: Waiting},
		Stable:   {TimerFired: Suspect, Lost: Waiting, Disproved: Waiting},
		Suspect:  {TimerFired: Waiting, Proved: Stable, Lost: Waiting, Disproved: Waiting},
		Checking: {TimerFired: Waiting, Checked: Stable, Lost: Waiting, Disproved: Waiting},
		Moving:   {TimerFired: Ready, Opened: Joining, Failed: Ready},
		Joining:  {TimerFired: Ready, Proved: Ready, Lost: Ready, Disproved: Ready},
		GaveUp:   {Start: Dialing},
		Retired:  {},
	}
	for phase := range phases {
		for kind := range EventKind(len(eventNames)) {
			if kind == Close {
				continue
			}
			w := inPhase(t, phase)
			if w.armed && w.s.Phase != Checking {
				w.now = max(w.now, w.due)
			}
			ev := w.timerEvent(w.s.Timer)
			ev.Kind, ev.Gen, ev.Cause, ev.Within = kind, w.s.Gen, Reset, time.Minute
			w.step(ev)
			to, listed := want[phase][kind]
			if !listed {
				to = phase
			}
			assert.Equal(t, to, w.s.Phase, "%v in %v", kind, phase)
		}
	}
}

// Two clients of the same key with different pasts: one was pinged, lost and resumed,
// the other is new, and both dial generation 6 after step 2.
func TestInvariant12DelaysAreKeyed(t *testing.T) {
	p := policyLike("default")
	eventful := newWorld(t, p).reach(Suspect)
	eventful.proves()
	eventful.loses(Reset, 0)
	eventful.fire() // 2
	eventful.opens()
	eventful.proves()
	for eventful.s.Phase != Stable {
		eventful.byteAt(eventful.now)
		eventful.fire()
	}
	eventful.loses(EOF, 0)
	eventful.fire() // 3
	for range 2 {
		eventful.fails(Refused, 0, 0)
		eventful.fire() // 4, 5
	}
	eventful.fails(Timeout, 0, 0)
	require.Equal(t, uint32(5), eventful.s.Gen)
	require.Equal(t, uint8(3), eventful.s.Steps)

	plain := State{Gen: 5, Phase: Dialing, Attempt: 3, Steps: 2}
	Step(1, Event{Kind: Failed, Gen: 5, Cause: Refused}, &plain, &p, eventful.r)
	assert.Equal(t, eventful.s.Delay, plain.Delay)

	for _, other := range []Rand{{Seed: 43, Client: 7}, {Seed: 42, Client: 8}} {
		s := State{Gen: 5, Phase: Dialing, Attempt: 3, Steps: 2}
		Step(1, Event{Kind: Failed, Gen: 5, Cause: Refused}, &s, &p, other)
		assert.NotEqual(t, plain.Delay, s.Delay)
	}
}

// Policies are compared on common random numbers: full jitter at twice the step draws
// twice the delay.
func TestInvariant12CommonNumbers(t *testing.T) {
	delay := func(base time.Duration) time.Duration {
		p := policyLike("full-jitter")
		p.Backoff.Base, p.Backoff.Cap = base, base
		s := State{Gen: 5, Phase: Dialing, Attempt: 3, Steps: 2}
		Step(1, Event{Kind: Failed, Gen: 5, Cause: Refused}, &s, &p, Rand{Seed: 1, Client: 2})
		return s.Delay
	}
	assert.InDelta(t, float64(2*delay(time.Second)), float64(delay(2*time.Second)), 2)
}

func TestInvariant13Pure(t *testing.T) {
	assert.LessOrEqual(t, unsafe.Sizeof(State{}), uintptr(64))

	for phase := range phases {
		for _, shared := range []bool{phase == Asking, true} {
			p := everything()
			p.Rules = []Rule{{EOF, 0, 0, Planned}}
			p.Endpoints = []Endpoint{{0, 3}, {0, 1}, {1, 0}, {5, 2}}
			p.Shared = shared
			w := newWorld(t, p).reach(phase)
			for kind := range EventKind(len(eventNames)) {
				for _, gen := range []uint32{w.s.Gen, w.s.Live, w.s.Gen + 1} {
					ev := w.timerEvent(w.s.Timer)
					ev.Kind, ev.Gen, ev.Cause = kind, gen, Reset
					held(t, w, ev)
					ev.Cause, ev.Code, ev.RetryAfter, ev.Within = Status, 503, time.Second, time.Minute
					held(t, w, ev)
				}
			}
		}
	}
}

// held holds that the step allocates nothing.
func held(t *testing.T, w *world, ev Event) {
	t.Helper()
	var orders Actions
	allocs := testing.AllocsPerRun(5, func() {
		s := w.s
		orders = Step(w.now, ev, &s, &w.p, w.r)
		_ = orders.All()
	})
	assert.Zero(t, allocs, "%v in %v", ev.Kind, w.s.Phase)
}

// A proof that comes when the connection is already old enough, and a ping that is
// answered when the next one is due.
func TestInvariant14NoTimerInThePast(t *testing.T) {
	w := newWorld(t, policyLike("hasty")).reach(Proving)
	w.pass(time.Second)
	w.proves() // stable since it opened, had it been proved
	assert.Equal(t, w.now, w.due)
	w.fire()
	assert.Equal(t, Stable, w.s.Phase)
	for w.s.Phase != Suspect {
		w.fire()
	}
	w.byteAt(w.s.Mark) // silence is shorter here than the ping's timeout
	w.fire()
	assert.Equal(t, w.now, w.due)
	w.fire()
	assert.Equal(t, Suspect, w.s.Phase)
}

// A policy that counts gives up after so many attempts in a row, of which one that healed
// is none; started again, a client has all of them once more.
func TestInvariant09TriesAreCounted(t *testing.T) {
	w := newWorld(t, policyLike("table")).reach(Stable)
	for range 2 {
		if w.s.Phase == Stable {
			w.loses(Reset, 0)
		} else {
			w.start()
		}
		for range 4 {
			for w.s.Phase == Waiting {
				w.fire()
			}
			require.Equal(t, Dialing, w.s.Phase)
			w.fails(Refused, 0, 0)
		}
		require.Equal(t, GaveUp, w.s.Phase)
		assert.Equal(t, Refused, w.s.Cause)
	}
}

// Growth that is ever so slow ends at the cap all the same; a constant delay stays.
func TestInvariant05TheLastStep(t *testing.T) {
	b := Backoff{Base: time.Second, Cap: time.Hour, Factor: 1.001}
	assert.Less(t, b.step(254, 0, Rand{}, 1), 2*time.Second)
	assert.Equal(t, time.Hour, b.step(255, 0, Rand{}, 1))
	b.Factor = 1
	assert.Equal(t, time.Second, b.step(255, 0, Rand{}, 1))
}
