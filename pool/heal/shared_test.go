package heal

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// In a pool no event but an admission that was asked for brings a dial.
func TestInvariant15NoDialWithoutAdmission(t *testing.T) {
	p := everything()
	p.Shared, p.Endpoints, p.First = true, make([]Endpoint, 9), First{}
	for phase := range phases {
		for kind := range EventKind(len(eventNames)) {
			w := newWorld(t, p).reach(phase)
			asks := w.s.asks()
			for range 3 {
				ev := w.timerEvent(w.timer)
				ev.Kind, ev.Gen, ev.Endpoint, ev.Cause, ev.Within = kind, w.s.Live, 7, Reset, time.Minute
				w.now = max(w.now, w.due)
				dial := one(w.step(ev), Dial)
				require.Equal(t, asks && kind == Admitted, dial != nil, "%v in %v", kind, phase)
				if dial != nil {
					assert.Equal(t, uint8(7), dial.Endpoint)
				}
				asks = asks && kind != Admitted && w.s.asks()
			}
		}
	}
}

// An answer that was lost is asked for again, and asking waits as long as it takes.
func TestInvariant03AskingGoesOn(t *testing.T) {
	p := policyLike("default")
	p.Shared = true
	w := newWorld(t, p).reach(Asking)
	for range 100 {
		asked := w.now
		orders := w.fire()
		require.Equal(t, Asking, w.s.Phase)
		require.NotNil(t, one(orders, Ask))
		require.Equal(t, time.Minute, w.now.Sub(asked))
	}
	w.reach(Stable)
	w.reach(Moving)
	asks := 0
	for began := w.now; w.now < began.Add(10*time.Minute); {
		w.busy()
		if one(w.fire(), Ask) != nil {
			asks++
		}
		require.Equal(t, Moving, w.s.Phase)
	}
	assert.Equal(t, 10, asks)
}

// What the ask says: which endpoint will not do, and whether credentials are needed.
func TestAskTellsWhatIsKnown(t *testing.T) {
	p := everything()
	p.Shared, p.Endpoints = true, make([]Endpoint, 3)
	w := newWorld(t, p).reach(Asking)
	w.admits(2)
	w.fails(TLS, 0, 0)
	ask := one(w.fire(), Ask)
	assert.Equal(t, &Action{Kind: Ask, Avoid: true, Endpoint: 2}, ask)
	w.admits(1)
	w.fails(Status, 401, 0)
	ask = one(w.fire(), Ask)
	assert.Equal(t, &Action{Kind: Ask, Fresh: true}, ask)
	dial := one(w.admits(1), Dial)
	assert.Equal(t, &Action{Kind: Dial, Gen: 3, Endpoint: 1, Fresh: true}, dial)
}

func TestInvariant21ScatterNeverBringsCloser(t *testing.T) {
	p := policyLike("default")
	p.Shared = true
	for client := range uint64(100) {
		w := newWorld(t, p)
		w.r.Client = client
		w.reach(Stable)
		w.step(Event{Kind: Lost, Gen: 1, Cause: CloseFrame, Code: 1013, RetryAfter: time.Duration(client) * 100 * time.Millisecond})
		lost := w.now
		for range 5 {
			due := w.due
			w.pass(100 * time.Millisecond)
			w.step(Event{Kind: Scatter, Within: time.Minute})
			require.GreaterOrEqual(t, w.due, due)
		}
		for range 300 { // storm after storm
			w.pass(100 * time.Millisecond)
			w.step(Event{Kind: Scatter, Within: 24 * time.Hour})
		}
		require.LessOrEqual(t, w.due.Sub(lost), maxRetryAfter)
	}
}

// Who waits for admission draws anew once, and is asked for again: storms that never end
// do not keep it away.
func TestInvariant20ScatteredButNotForEver(t *testing.T) {
	p := policyLike("default")
	p.Shared = true
	w := newWorld(t, p).reach(Asking)
	storm := func() { w.step(Event{Kind: Scatter, Within: time.Minute}) }
	storm()
	require.Equal(t, Waiting, w.s.Phase)
	for w.s.Phase == Waiting {
		require.Less(t, w.due, Instant(6*time.Minute))
		storm()
		w.fire()
	}
	for range 10 {
		storm()
		require.Equal(t, Asking, w.s.Phase)
	}
}
