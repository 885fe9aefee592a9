package crowd

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/heal"
)

func TestInvariant07LastIsKept(t *testing.T) {
	w := newWorld(t, Policy{EjectShare: 1}, named("a", "b", "c")...)
	keys := []string{"a", "b", "c"}
	for client := range 100 {
		w.ask(client)
		if _, ok := w.dialing[client]; ok {
			w.fails(client, heal.Refused)
		}
	}
	fit := 0
	for _, key := range keys {
		if w.of(key).Health != Ejected {
			fit++
		}
	}
	assert.Equal(t, 1, fit, "all fail, and one stays")
	assert.True(t, w.panics)

	w = newWorld(t, Policy{}, named("a")...)
	down := 0
	for client := range 50 {
		w.ask(client)
		w.fails(client, heal.Refused)
		down++
	}
	assert.Equal(t, Unknown, w.of("a").Health)
	assert.True(t, w.panics)
	w.proves(99, 0) // of nobody
	assert.True(t, w.panics)
	w.ask(99)
	w.proves(99, w.opens(99, time.Millisecond))
	assert.False(t, w.panics)
}

// Beyond EjectShare, an endpoint that fails is not exiled but gets a trickle.
func TestInvariant07Share(t *testing.T) {
	w := newWorld(t, Policy{PanicBelow: 0.1}, named("a", "b", "c", "d", "e")...)
	for _, key := range []string{"a", "b", "c", "d"} {
		down(w, key)
	}
	got := map[Health]int{}
	for _, e := range w.c.Snapshot().Endpoints {
		got[e.Health]++
	}
	assert.Equal(t, map[Health]int{Ejected: 2, Probing: 2, Healthy: 1}, got)
	assert.False(t, w.panics)
	sent := map[uint8]int{}
	for client := range 100 { // for 100 s
		w.ask(client)
		e := w.where(client)
		sent[e]++
		if e == w.index("e") {
			w.opens(client, time.Millisecond)
			w.proves(client, e)
		} else {
			w.fails(client, heal.Refused)
		}
		w.pass(time.Second)
	}
	assert.LessOrEqual(t, sent[w.index("c")], 14)
	assert.GreaterOrEqual(t, sent[w.index("c")]+sent[w.index("d")], 10)
	assert.GreaterOrEqual(t, sent[w.index("e")], 60)
}

// A list that leaves only ejected endpoints lets the surplus out.
func TestInvariant07ShorterList(t *testing.T) {
	w := ejected(t, Policy{})
	w.list(named("a")...)
	assert.Equal(t, Probing, w.of("a").Health)
	w.ask(1)
	assert.Equal(t, w.index("a"), w.where(1))
}

// Ejection does not touch what is connected.
func TestInvariant07EjectionCutsNothing(t *testing.T) {
	w := newWorld(t, Policy{RebalanceAt: -1}, named("a", "b")...)
	for client := range 20 {
		w.connects(client)
	}
	at := w.of("a").Connections
	down(w, "a")
	w.pass(20 * time.Second)
	assert.Empty(t, w.shed)
	assert.Equal(t, at, w.of("a").Connections)
}

func TestInvariant08HealthyAgainIsFound(t *testing.T) {
	for _, asks := range []bool{false, true} {
		t.Run(fmt.Sprint("asks=", asks), func(t *testing.T) {
			w := newWorld(t, Policy{}, named("a", "b")...)
			down(w, "a")
			for client := range 20 {
				w.connects(client)
			}
			moved, began := 100, w.now
			for w.of("a").Health != Healthy {
				require.Less(t, w.now.Sub(began), 3*time.Minute)
				w.pass(time.Second)
				for _, s := range w.shed { // the driver lets a client move
					for range s.n {
						moved++
						w.step(Event{Kind: Asked, Client: moved, Avoid: int16(s.from), Planned: true})
					}
				}
				w.shed = nil
				if asks {
					moved++
					w.ask(moved)
				}
				for client, e := range w.dialing {
					w.opens(client, 10*time.Millisecond)
					w.proves(client, e)
					w.settles(client, e)
				}
			}
			assert.Positive(t, w.of("a").Connections)
		})
	}
}

// The last one that failed is looked after as soon as another one is fit.
func TestInvariant08FailingLast(t *testing.T) {
	w := newWorld(t, Policy{}, named("a", "b")...)
	for w.of("a").Health != Ejected && w.of("b").Health != Ejected || !w.panics {
		w.ask(1)
		w.fails(1, heal.Refused)
		w.pass(11 * time.Second)
	}
	back, other := "a", "b"
	if w.of("b").Health == Ejected {
		back, other = "b", "a"
	}
	w.until(back, Probing)
	for w.of(back).Health != Warming {
		w.ask(1)
		if e, ok := w.dialing[1]; ok && e == w.index(back) {
			w.proves(1, w.opens(1, time.Millisecond))
			w.settles(1, e)
		} else if ok {
			w.fails(1, heal.Refused)
		}
		w.pass(time.Second)
	}
	assert.NotEqual(t, Unknown, w.of(other).Health)
	assert.False(t, w.of(other).Health.ready(), "%s is %v", other, w.of(other).Health)
}

// Time decides, not the driver: what is due is done before the next event, ticked or not.
func TestInvariant08LateTick(t *testing.T) {
	w := ejected(t, Policy{})
	w.now = w.of("a").Until
	w.ask(1)
	assert.Equal(t, w.index("a"), w.where(1))
}

func TestInvariant09Ejections(t *testing.T) {
	p := Policy{EjectFor: 10 * time.Second, EjectCap: 35 * time.Second}
	w := ejected(t, p)
	spans, longer := map[time.Duration]bool{}, 0
	for n := 1; n <= 12; n++ {
		span := w.of("a").Until.Sub(w.now)
		want := min(time.Duration(n)*10*time.Second, 35*time.Second)
		assert.InDelta(t, want.Seconds(), span.Seconds(), 0.2*want.Seconds(), "ejection %d", n)
		assert.NotContains(t, spans, span, "jittered, at the cap too")
		spans[span] = true
		if span > 35*time.Second {
			longer++
		}
		w.until("a", Probing)
		w.ask(1)
		require.Equal(t, w.index("a"), w.where(1))
		w.fails(1, heal.Refused)
		require.Equal(t, Ejected, w.of("a").Health)
	}
	assert.Positive(t, longer)
	w.until("a", Probing)
	w.connects(1)
	w.until("a", Healthy)
	w.pass(55 * time.Second) // forgives five of thirteen
	down(w, "a")
	assert.InDelta(t, 35, w.of("a").Until.Sub(w.now).Seconds(), 7)
	w.until("a", Probing)
	w.connects(1)
	w.until("a", Healthy)
	w.pass(time.Hour)
	down(w, "a")
	assert.InDelta(t, 10, w.of("a").Until.Sub(w.now).Seconds(), 2)
}

// Accept-then-close, with and without a proof: a 101 resets nothing.
func TestInvariant10AcceptThenClose(t *testing.T) {
	for _, proves := range []bool{false, true} {
		w := newWorld(t, Policy{}, named("a", "b")...)
		for client := 0; w.of("a").Health != Ejected; client++ {
			require.Less(t, client, 50)
			w.ask(client)
			e := w.opens(client, time.Millisecond)
			if e == w.index("b") || proves {
				w.proves(client, e)
			}
			if e == w.index("a") {
				w.dies(client, e)
			} else {
				w.settles(client, e)
			}
		}
		// As a probe, it gets no further than warming up, and from there back at once.
		w.until("a", Probing)
		w.ask(500)
		e := w.opens(500, time.Millisecond)
		require.Equal(t, w.index("a"), e)
		if proves {
			w.proves(500, e)
			assert.Equal(t, Warming, w.of("a").Health)
		}
		w.pass(time.Second)
		w.dies(500, e)
		assert.Equal(t, Ejected, w.of("a").Health)
	}
}

// What was admitted before an endpoint was ejected says nothing after.
func TestInvariant10Stragglers(t *testing.T) {
	w := newWorld(t, Policy{}, named("a", "b")...)
	for client := range 40 {
		w.ask(client)
	}
	var at []int
	for client := range 40 {
		if w.where(client) == w.index("a") {
			at = append(at, client)
		}
	}
	for _, client := range at[:5] {
		w.fails(client, heal.Refused)
	}
	before := w.of("a")
	require.Equal(t, Ejected, before.Health)
	w.proves(at[5], w.opens(at[5], time.Millisecond))
	for _, client := range at[6:12] {
		w.fails(client, heal.Refused)
	}
	assert.Equal(t, before.Until, w.of("a").Until)
	assert.Equal(t, Ejected, w.of("a").Health)
	w.until("a", Probing)
	for _, client := range at[12:] {
		w.fails(client, heal.Refused)
	}
	assert.Equal(t, Probing, w.of("a").Health)
}

// Early deaths count in a row: a connection that becomes stable ends it.
func TestInvariant10InARow(t *testing.T) {
	w := newWorld(t, Policy{}, named("a", "b")...)
	w.list(named("a")...)
	for range 10 {
		for client := range 4 {
			w.ask(client)
			w.proves(client, w.opens(client, time.Millisecond))
			w.dies(client, w.index("a"))
		}
		w.connects(9)
	}
	w.list(named("a", "b")...)
	assert.Equal(t, Healthy, w.of("a").Health)
	assert.False(t, w.panics)
}

// A few that die early among thousands that came back say nothing.
func TestInvariant10FewOfMany(t *testing.T) {
	w := newWorld(t, Policy{}, named("a", "b")...)
	at := map[int]uint8{}
	for client := range 400 {
		w.ask(client)
		at[client] = w.opens(client, 10*time.Millisecond)
		w.proves(client, at[client])
	}
	for client := range 40 {
		w.dies(client, at[client])
	}
	assert.Equal(t, Healthy, w.of("a").Health)
	assert.Equal(t, Healthy, w.of("b").Health)
}

// What a server says of one client is not the endpoint's fault.
func TestInvariant10ClientsOwnFault(t *testing.T) {
	w := newWorld(t, Policy{}, named("a", "b")...)
	for k := range 100 {
		w.ask(k)
		w.says(k, []uint16{400, 401, 403, 404, 426}[k%5], 0)
		w.ask(1000 + k)
		w.fails(1000+k, heal.Credentials)
		w.ask(2000 + k)
		e := w.opens(2000+k, time.Millisecond)
		w.step(Event{Kind: Lost, Client: 2000 + k, Endpoint: e, Cause: heal.CloseFrame, Code: []uint16{1008, 4401}[k%2], Early: true})
	}
	assert.Equal(t, Unknown, w.of("a").Health)
	assert.Equal(t, Unknown, w.of("b").Health)
	assert.Equal(t, 64.0, w.of("a").Limit)
	w = newWorld(t, Policy{}, named("a")...)
	w.ask(1)
	w.fails(1, heal.Credentials)
	assert.Equal(t, 500.0, w.c.Snapshot().Budget, "an attempt that nobody saw costs nothing")
}

// Who failed and never asks again is forgotten.
func TestInvariant10Forgets(t *testing.T) {
	w := newWorld(t, Policy{}, named("a")...)
	for client := range 1000 {
		w.ask(client)
		w.fails(client, heal.Protocol)
	}
	w.pass(remembered)
	w.ask(1000)
	w.fails(1000, heal.Protocol)
	assert.Equal(t, 1, w.c.book.lists[failures].len)
}

// A panic about failures of which nobody hears any more is over.
func TestPanicIsNotForEver(t *testing.T) {
	w := newWorld(t, Policy{}, named("a")...)
	for client := range 20 {
		w.connects(client)
	}
	for range 9 {
		w.ask(100)
		w.fails(100, heal.Invalid) // and then it gives up
	}
	require.True(t, w.panics)
	w.pass(5*time.Minute - 1)
	assert.True(t, w.panics)
	w.pass(1)
	assert.False(t, w.panics)
}

// Half of the best tier down is no reason for a panic; most of it down is one, in which
// those that are not fit are used carefully.
func TestPanic(t *testing.T) {
	w := newWorld(t, Policy{}, named("a", "b", "c", "d")...)
	down(w, "a")
	down(w, "b")
	assert.False(t, w.panics)
	down(w, "c")
	assert.True(t, w.panics)
	sent := map[uint8]int{}
	for client := range 400 {
		w.ask(client)
		e, ok := w.dialing[client]
		require.True(t, ok)
		sent[e]++
		if e == w.index("d") {
			w.opens(client, time.Millisecond)
			w.proves(client, e)
			w.settles(client, e)
		} else {
			w.fails(client, heal.Refused)
		}
	}
	assert.Greater(t, sent[w.index("d")], 200, "%v", sent)
	for _, key := range []string{"a", "b", "c"} {
		assert.Positive(t, sent[w.index(key)], key)
	}
}

func TestDegraded(t *testing.T) {
	w := newWorld(t, Policy{}, named("far:1")...)
	w.connects(500)
	w.list(named("a", "b", "c", "far:1")...)
	w.pass(time.Minute)
	for client := range 30 {
		w.connects(client)
	}
	ping := func(windows int, took map[string]time.Duration) {
		for range windows * 10 {
			w.pass(time.Second)
			for key, d := range took {
				w.step(Event{Kind: Answered, Endpoint: w.index(key), Took: d})
			}
		}
	}
	ms := func(a, b, c int) map[string]time.Duration {
		return map[string]time.Duration{
			"a": time.Duration(a) * time.Millisecond, "b": time.Duration(b) * time.Millisecond, "c": time.Duration(c) * time.Millisecond,
			"far": time.Second,
		}
	}
	ping(3, ms(10, 12, 30))
	assert.Equal(t, Healthy, w.of("c").Health, "3 times")
	ping(2, ms(10, 12, 80))
	assert.Equal(t, Healthy, w.of("c").Health, "two windows")
	ping(2, ms(10, 12, 80))
	assert.Equal(t, Degraded, w.of("c").Health)
	assert.Equal(t, Healthy, w.of("a").Health)
	assert.Equal(t, Healthy, w.of("far").Health, "another tier")
	sent := map[uint8]int{}
	for client := 100; client < 400; client++ {
		sent[w.connects(client)]++
	}
	assert.Less(t, sent[w.index("c")], 60, "it gets less: %v", sent)
	assert.Positive(t, sent[w.index("c")], "but never nothing")
	ping(10, ms(10, 12, 800))
	assert.Equal(t, Degraded, w.of("c").Health, "never ejected for it")
	ping(2, ms(10, 12, 15))
	assert.Equal(t, Healthy, w.of("c").Health)
	ping(5, map[string]time.Duration{"a": time.Millisecond / 2, "b": time.Millisecond / 2, "c": 5 * time.Millisecond})
	assert.Equal(t, Healthy, w.of("c").Health, "ten times, but within the noise")
	for range 6 {
		ping(1, map[string]time.Duration{"a": 10 * time.Millisecond, "b": 10 * time.Millisecond})
		w.step(Event{Kind: Answered, Endpoint: w.index("c"), Took: time.Second})
		w.step(Event{Kind: Answered, Endpoint: w.index("c"), Took: time.Second})
	}
	assert.Equal(t, Healthy, w.of("c").Health, "two in a window say nothing")
}

// An endpoint that joins, or is fit again, gets its share slowly.
func TestWarmUp(t *testing.T) {
	w := newWorld(t, Policy{RebalanceAt: -1, Balance: RoundRobin}, named("a", "b")...)
	for client := range 20 {
		w.connects(client)
	}
	w.list(named("a", "b", "c")...)
	for client := 1000; client < 1100; client++ {
		w.ask(client)
	}
	assert.LessOrEqual(t, w.of("c").Dialing, 6, "one of which nothing is known gets as little")
	for client := 1000; client < 1100; client++ {
		w.step(Event{Kind: Withdrawn, Client: client})
	}
	next := 100
	share := func() float64 {
		n := 0
		for range 300 {
			next++
			if w.connects(next) == w.index("c") {
				n++
			}
		}
		return float64(n) / 300
	}
	assert.InDelta(t, 0.1/2.1, share(), 0.02)
	assert.Equal(t, Warming, w.of("c").Health)
	w.pass(15 * time.Second)
	assert.InDelta(t, 0.55/2.55, share(), 0.03)
	w.pass(15 * time.Second)
	assert.Equal(t, Healthy, w.of("c").Health)
	assert.InDelta(t, 1.0/3, share(), 0.02)
}
