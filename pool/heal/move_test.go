package heal

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Moves of all kinds, one after the other: the world holds that there are never more than
// two connections, and that the old one stays until the new one has proved itself.
func TestInvariant16MakeBeforeBreak(t *testing.T) {
	for _, shared := range []bool{false, true} {
		p := policyLike("default")
		p.First, p.Shared = First{}, shared
		w := newWorld(t, p)
		for n := range 40 {
			w.reach(Stable)
			old := w.s.Live
			w.reach(Joining)
			require.Equal(t, old, w.s.Live)
			require.Len(t, w.undrained(), 2)
			if n%2 == 0 {
				orders := w.proves()
				require.Equal(t, Action{Kind: Drain, Gen: old, Code: 1000}, orders[0])
				require.Equal(t, w.s.Gen, w.s.Live)
				delete(w.links, old)
				continue
			}
			w.step(Event{Kind: Lost, Gen: w.s.Gen, Cause: Reset})
			require.Equal(t, old, w.s.Live)
			require.Equal(t, Stable, w.s.Phase)
		}
	}
}

// However often a move fails, the client's attempts, steps and delay are as they were; the
// tries come less and less often, never two clients' together.
func TestInvariant16FailedMovesAreNoAttempts(t *testing.T) {
	p := policyLike("default")
	p.First = First{}
	w := newWorld(t, p).reach(Stable)
	w.move()
	before := time.Duration(0)
	for n := range 12 {
		require.Equal(t, Moving, w.s.Phase)
		failed := w.now
		w.fails(Refused, 0, 0)
		assert.Zero(t, w.s.Attempt)
		assert.Zero(t, w.s.Steps)
		assert.Zero(t, w.s.Delay)
		for w.s.Phase != Moving {
			w.busy()
			w.fire()
		}
		step := min(time.Second<<n, time.Minute)
		waited := w.now.Sub(failed)
		assert.GreaterOrEqual(t, waited, step/2, "failure %d", n+1)
		assert.LessOrEqual(t, waited, step+time.Millisecond, "failure %d", n+1)
		before = waited
	}
	assert.GreaterOrEqual(t, before, 30*time.Second)
	w.loses(Reset, 0)
	assert.Equal(t, Dialing, w.s.Phase)
	assert.Equal(t, uint16(1), w.s.Attempt, "the reconnect is the first attempt")
}

// The loss of the old connection makes the replacement the reconnect, unless it says not
// yet or not there.
func TestInvariant16LostWhileMoving(t *testing.T) {
	for _, phase := range []Phase{Moving, Joining} {
		after := map[Phase]Phase{Moving: Dialing, Joining: Proving}[phase]
		for name, tt := range map[string]struct {
			ev Event
			to Phase
		}{
			"reset":      {Event{Cause: Reset}, after},
			"going away": {Event{Cause: CloseFrame, Code: 1001}, after},
			"stern":      {Event{Cause: CloseFrame, Code: 1008}, after},
			"expired":    {Event{Cause: CloseFrame, Code: 4401}, after},
			// It may be the replacement for which the server ended it.
			"pointless":        {Event{Cause: CloseFrame, Code: 4000, Verdict: Pointless}, after},
			"pointless, later": {Event{Cause: CloseFrame, Code: 4000, Verdict: Pointless, RetryAfter: time.Second}, after},
			"try again later":  {Event{Cause: CloseFrame, Code: 1013}, Waiting},
			"retry after":      {Event{Cause: CloseFrame, Code: 1012, RetryAfter: time.Second}, Waiting},
			"window":           {Event{Cause: CloseFrame, Code: 1012, Within: time.Minute}, Waiting},
			"elsewhere":        {Event{Cause: Reset, Verdict: Elsewhere}, Waiting},
		} {
			p := policyLike("default")
			p.Endpoints = []Endpoint{{0, 1}, {1, 1}}
			w := newWorld(t, p).reach(phase)
			require.Zero(t, w.s.Endpoint, "the best of them, again")
			ev := tt.ev
			ev.Kind, ev.Gen = Lost, w.s.Live
			w.step(ev)
			assert.Equal(t, tt.to, w.s.Phase, "%s when %v", name, phase)
			assert.Equal(t, w.s.Gen, w.s.Live, "%s when %v", name, phase)
			require.LessOrEqual(t, len(w.undrained()), 1)
			w.comesBack()
		}
	}
}

// The same, of a policy that comes back at once: it dials in that step, elsewhere.
func TestInvariant16LostWhileMovingAtOnce(t *testing.T) {
	for _, phase := range []Phase{Moving, Joining} {
		p := policyLike("default")
		p.First, p.Endpoints = First{}, []Endpoint{{0, 1}, {1, 1}}
		w := newWorld(t, p).reach(Stable)
		w.reach(phase)
		gen := w.s.Gen
		w.step(Event{Kind: Lost, Gen: w.s.Live, Cause: Reset, Verdict: Elsewhere})
		require.Equal(t, Dialing, w.s.Phase, "lost when %v", phase)
		assert.Equal(t, gen+1, w.s.Live)
		assert.Equal(t, uint8(1), w.s.Endpoint)
		assert.Equal(t, uint16(1), w.s.Attempt)
		w.comesBack()
	}
}

// The reconnect that a move has become is bounded by the timer of the move.
func TestInvariant03InheritedTimers(t *testing.T) {
	w := newWorld(t, policyLike("default")).reach(Moving)
	due := w.due
	w.pass(time.Second)
	w.loses(Reset, 0)
	assert.Equal(t, due, w.due)
	w.fire()
	assert.Equal(t, Timeout, w.s.Cause)
	assert.Equal(t, Waiting, w.s.Phase)

	w = newWorld(t, policyLike("default")).reach(Joining)
	due = w.due
	w.pass(time.Second)
	w.loses(Reset, 0)
	assert.Equal(t, Proving, w.s.Phase)
	assert.Equal(t, due, w.due)
	w.fire()
	assert.Equal(t, Unproved, w.s.Cause)
}

// What a move was told to wait for binds the client when its connection is lost, too.
func TestInvariant06ToldToAMove(t *testing.T) {
	p := policyLike("default")
	p.First = First{}
	w := newWorld(t, p).reach(Moving)
	w.fails(Status, 503, time.Minute)
	told := w.now
	w.pass(10 * time.Second)
	w.loses(Reset, 0)
	require.Equal(t, Waiting, w.s.Phase)
	w.fire()
	assert.Equal(t, Dialing, w.s.Phase)
	assert.GreaterOrEqual(t, w.now.Sub(told), time.Minute)
	assert.Less(t, w.now.Sub(told), 73*time.Second)
}

// It binds no longer once that time has come: a later attempt that was told nothing leaves the
// client to come back by its own rule, however far off the next move is.
func TestWhatAMoveWasToldIsOver(t *testing.T) {
	p := policyLike("default")
	p.First = First{}
	w := newWorld(t, p).reach(Moving)
	w.fails(Status, 503, time.Minute)
	for w.s.Phase != Moving {
		w.busy()
		w.fire()
	}
	assert.False(t, w.s.is(wanted) || w.s.is(told), "it is being made")
	w.fails(Refused, 0, 0)
	w.loses(Reset, 0)
	assert.Equal(t, Dialing, w.s.Phase, "at once, by its first rule")
}

// A move may be wanted at any time, and is made when there is something to replace.
func TestMoveIsRemembered(t *testing.T) {
	p := policyLike("default")
	p.First, p.CheckEvery = First{}, 30*time.Second
	for phase := range phases {
		w := newWorld(t, p)
		if phase == Asking {
			continue
		}
		w.reach(phase)
		w.move()
		switch phase {
		case Ready, Stable:
			assert.Equal(t, Moving, w.s.Phase)
		case Proving, Suspect, Checking:
			w.stepTo(Stable) // it goes well
			w.fire()
			assert.Equal(t, Moving, w.s.Phase, "wanted when %v", phase)
		default:
			assert.False(t, w.s.is(wanted), "wanted when %v", phase)
		}
	}
}

// Lifetimes are drawn, and only a stable connection is replaced for its age.
func TestLifetime(t *testing.T) {
	p := policyLike("default")
	p.Lifetime = time.Minute
	seen := map[time.Duration]bool{}
	for client := range uint64(300) {
		w := newWorld(t, p)
		w.r.Client = client
		w.reach(Stable)
		opened := w.live().opened
		for w.s.Phase == Stable {
			w.busy()
			w.fire()
		}
		require.Equal(t, Moving, w.s.Phase)
		age := w.now.Sub(opened)
		require.GreaterOrEqual(t, age, 54*time.Second)
		require.LessOrEqual(t, age, time.Minute)
		seen[age] = true
	}
	assert.Len(t, seen, 300)

	w := newWorld(t, p)
	w.start()
	w.fails(Status, 503, 4*time.Minute)
	w.reach(Ready)
	opened := w.live().opened
	for w.s.Phase != Moving {
		w.busy()
		w.fire()
	}
	assert.GreaterOrEqual(t, w.now.Sub(opened), 4*time.Minute, "not before it has healed")
}
