package heal

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whatever a fleet is told in one moment, its members do not act on it in one: of 1000
// clients no two wait equally long, in milliseconds no more than a few do.
func TestInvariant19NoDelayIsShared(t *testing.T) {
	lost := func(ev Event) func(*world) Instant {
		return func(w *world) Instant {
			w.reach(Stable)
			ev.Kind, ev.Gen = Lost, w.s.Live
			w.step(ev)
			return w.due
		}
	}
	failed := func(ev Event) func(*world) Instant {
		return func(w *world) Instant {
			w.reach(Dialing)
			ev.Kind, ev.Gen = Failed, w.s.Gen
			w.step(ev)
			return w.due
		}
	}
	until := func(w *world, phase Phase) Instant {
		for w.s.Phase != phase {
			w.busy()
			w.fire()
		}
		return w.now
	}
	moved := func(ev Event) func(*world) Instant {
		return func(w *world) Instant {
			w.p.First = First{}
			w.reach(Stable)
			w.reach(Moving)
			ev.Kind, ev.Gen = Failed, w.s.Gen
			w.step(ev)
			return until(w, Moving)
		}
	}
	for name, told := range map[string]func(*world) Instant{
		"lost":                     lost(Event{Cause: Reset}),
		"restarting":               lost(Event{Cause: CloseFrame, Code: 1012}),
		"restarting, with a wait":  lost(Event{Cause: CloseFrame, Code: 1012, RetryAfter: 10 * time.Second}),
		"restarting, in a window":  lost(Event{Cause: CloseFrame, Code: 1012, Within: 20 * time.Second}),
		"try again later":          lost(Event{Cause: CloseFrame, Code: 1013, RetryAfter: 10 * time.Second}),
		"too long a wait":          lost(Event{Cause: CloseFrame, Code: 1013, RetryAfter: 24 * time.Hour}),
		"too long a window":        lost(Event{Cause: CloseFrame, Code: 1013, RetryAfter: 24 * time.Hour, Within: 24 * time.Hour}),
		"displeased":               lost(Event{Cause: CloseFrame, Code: 1008}),
		"no name":                  failed(Event{Cause: DNS}),
		"unavailable":              failed(Event{Cause: Status, Code: 503, RetryAfter: 10 * time.Second}),
		"rejected":                 failed(Event{Cause: Status, Code: 401}),
		"a move failed":            moved(Event{Cause: Refused}),
		"a move was pointless":     moved(Event{Cause: Status, Code: 404}),
		"a move was told to wait":  moved(Event{Cause: Status, Code: 503, RetryAfter: 10 * time.Second}),
		"the owner wants it moved": func(w *world) Instant { w.reach(Stable).move(); return until(w, Moving) },
		"checked":                  func(w *world) Instant { w.p.CheckEvery = 10 * time.Second; w.reach(Ready); return until(w, Checking) },
		"aged":                     func(w *world) Instant { w.p.Lifetime = time.Minute; w.reach(Stable); return until(w, Moving) },
		"silent":                   func(w *world) Instant { w.reach(Stable); w.reach(Suspect); return w.now },
		"scattered": func(w *world) Instant {
			w.p.Shared, w.p.First = true, First{Rule: ByBackoff}
			w.reach(Stable).loses(Reset, 0)
			w.step(Event{Kind: Scatter, Within: time.Minute})
			return w.due
		},
		"scattered when asking": func(w *world) Instant {
			w.p.Shared = true
			w.reach(Asking)
			w.step(Event{Kind: Scatter, Within: time.Minute})
			return w.due
		},
		"a move scattered": func(w *world) Instant {
			w.p.Shared = true
			w.reach(Stable).move()
			w.step(Event{Kind: Scatter, Within: time.Minute})
			return until(w, Moving)
		},
	} {
		at := map[Instant]int{}
		most := 0
		for client := range uint64(1000) {
			p := policyLike("default")
			p.Refreshable = true
			w := newWorld(t, p)
			w.r.Client = client
			ms := told(w) / Instant(time.Millisecond)
			at[ms]++
			most = max(most, at[ms])
		}
		// 1000 draws out of at least 500 ms, two each on average: twelve at one value are one
		// in 10^6.
		assert.LessOrEqual(t, most, 12, name)
		assert.Greater(t, len(at), 300, name)
	}
}

// From wherever it is and whatever it has been told, a client is back in bounded time when
// all is well again.
func TestInvariant20AHealthyServerIsReached(t *testing.T) {
	for _, shared := range []bool{false, true} {
		for phase := range phases {
			if phase == Retired || phase == Asking && !shared {
				continue
			}
			for _, ev := range []Event{
				{Kind: Lost, Cause: Reset},
				{Kind: Lost, Cause: CloseFrame, Code: 1013, RetryAfter: time.Hour, Within: time.Hour},
				{Kind: Failed, Cause: Status, Code: 401},
				{Kind: Failed, Cause: DNS},
				{Kind: Disproved, RetryAfter: time.Hour},
				{Kind: Scatter, Within: time.Hour},
				{Kind: Move},
			} {
				p := everything()
				p.Shared, p.Endpoints = shared, make([]Endpoint, 2)
				w := newWorld(t, p).reach(phase)
				ev.Gen = w.s.Gen
				w.step(ev)
				ev.Gen = w.s.Live
				w.step(ev)
				w.comesBack()
				require.Equal(t, Stable, w.s.Phase)
			}
		}
	}
}
