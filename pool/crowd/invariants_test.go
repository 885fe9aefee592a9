package crowd

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/heal"
)

// The tests are numbered as the invariants of doc.go. Each builds the situation in
// which its invariant matters; the world checks all of them on the way.

func TestInvariant01Limits(t *testing.T) {
	w := newWorld(t, Policy{Dials: 10, EndpointDials: 6}, named("a", "b")...)
	for client := range 100 {
		w.ask(client)
	}
	assert.Len(t, w.dialing, 10, "over all")
	w = newWorld(t, Policy{EndpointDials: 6}, named("a")...)
	for client := range 100 {
		w.ask(client)
	}
	assert.Len(t, w.dialing, 6, "at the endpoint")

	// One burst of failures is one cut, however many were under way.
	for client := range 6 {
		w.says(client, 429, 0)
	}
	assert.Equal(t, 3.0, w.of("a").Limit)
	assert.Len(t, w.dialing, 3)
	for range 10 { // and it never gets to nothing
		for client := range w.dialing {
			w.says(client, 429, 0)
			break
		}
	}
	assert.Equal(t, 1.0, w.of("a").Limit)
	assert.Len(t, w.dialing, 1)

	// A round at the usual speed adds one.
	limit := 1.0
	for client := 200; limit < 6; limit++ {
		for range int(limit) {
			client++
			for c := range w.dialing {
				e := w.opens(c, 10*time.Millisecond)
				w.proves(c, e)
				break
			}
		}
		assert.InDelta(t, limit+1, w.of("a").Limit, 1e-9)
	}
	for client := 300; client < 320; client++ {
		w.ask(client)
		for c := range w.dialing {
			w.opens(c, 10*time.Millisecond)
			break
		}
	}
	assert.Equal(t, 6.0, w.of("a").Limit, "the ceiling")
}

// Handshakes that are slower than usual are a queue at the server, and slow the pool down
// before anything fails. A few slow ones are not.
func TestInvariant01Latency(t *testing.T) {
	p := Policy{EndpointDials: 8}
	round := func(w *world, from int, slow int) {
		for k := range int(w.of("a").Limit) {
			w.ask(from + k)
		}
		for k := range int(w.of("a").Limit) {
			took := 20 * time.Millisecond
			if k < slow {
				took = 41 * time.Millisecond
			}
			w.opens(from+k, took)
		}
	}
	w := newWorld(t, p, named("a")...)
	round(w, 0, 0)
	round(w, 100, 4)
	assert.Equal(t, 8.0, w.of("a").Limit, "half of a round")
	round(w, 200, 5)
	assert.InDelta(t, 4, w.of("a").Limit, 0.2, "more than half")

	w = newWorld(t, p, named("a")...)
	for from := range 10 { // fast networks are noisy
		for k := range 8 {
			w.ask(100*from + k)
		}
		for k := range 8 {
			took := time.Millisecond / 4
			if from > 0 {
				took += 5 * time.Millisecond
			}
			w.opens(100*from+k, took)
		}
	}
	assert.Equal(t, 8.0, w.of("a").Limit, "20 times the baseline, but within the noise")
}

func TestInvariant02NothingToRemoved(t *testing.T) {
	w := newWorld(t, Policy{}, named("a", "b")...)
	w.connects(1)
	w.connects(2)
	w.connects(3)
	w.list(named("b")...)
	for client := 10; client < 60; client++ {
		w.ask(client)
		assert.Equal(t, w.index("b"), w.where(client))
	}
	assert.Equal(t, Draining, w.of("a").Health)
}

func TestInvariant02RetryAfter(t *testing.T) {
	w := newWorld(t, Policy{}, named("a")...)
	var ends []heal.Instant
	for k := range 5 {
		for client := range 20 {
			w.ask(client)
		}
		for client := range 20 {
			if _, ok := w.dialing[client]; ok {
				w.says(client, 503, 20*time.Second)
			} else {
				w.step(Event{Kind: Withdrawn, Client: client})
			}
		}
		began := w.now
		w.ask(30)
		assert.Empty(t, w.dialing)
		w.pass(20*time.Second - 1)
		assert.Empty(t, w.dialing, "round %d", k)
		for len(w.dialing) == 0 {
			w.pass(100 * time.Millisecond)
		}
		w.step(Event{Kind: Withdrawn, Client: 30})
		after := w.now.Sub(began)
		assert.LessOrEqual(t, after, 24*time.Second+100*time.Millisecond, "a fifth more at most")
		ends = append(ends, heal.Instant(after))
	}
	for i := range ends[1:] {
		assert.NotEqual(t, ends[i], ends[i+1], "jittered")
	}
	assert.Equal(t, Unknown, w.of("a").Health, "throttling is not unfitness")
}

// A saturated endpoint's clients go to another of the same tier, never to a worse one.
func TestInvariant02SaturatedIsNotUnfit(t *testing.T) {
	w := newWorld(t, Policy{EndpointDials: 2}, named("a", "b", "backup:1")...)
	for client := range 10 {
		w.ask(client)
	}
	assert.Equal(t, 2, w.of("a").Dialing)
	assert.Equal(t, 2, w.of("b").Dialing)
	assert.Zero(t, w.of("backup").Dialing)

	w = newWorld(t, Policy{}, named("a", "backup:1")...)
	w.ask(1)
	w.says(1, 503, 10*time.Second)
	w.ask(1)
	assert.Empty(t, w.dialing, "a short pause is waited for")
	w.pass(12 * time.Second)
	assert.Equal(t, w.index("a"), w.where(1))
	w.says(1, 503, 2*time.Minute)
	w.ask(1)
	assert.Equal(t, w.index("backup"), w.where(1), "one that is as long as an ejection is not")
}

func TestInvariant03AskedOnce(t *testing.T) {
	w := newWorld(t, Policy{EndpointDials: 1}, named("a")...)
	w.ask(1)
	w.ask(2)
	w.ask(2) // asks again while waiting
	w.ask(3)
	w.step(Event{Kind: Withdrawn, Client: 2})
	w.step(Event{Kind: Withdrawn, Client: 2})
	w.opens(1, time.Millisecond)
	assert.Contains(t, w.dialing, 3)
	w.step(Event{Kind: Withdrawn, Client: 3}) // while dialing
	assert.Zero(t, w.c.Snapshot().Dialing)
	w.ask(4)
	w.ask(4) // asks although it was admitted: the dial was given up
	assert.Equal(t, 1, w.c.Snapshot().Dialing)
	w.opens(4, time.Millisecond)

	// Late reports of a dial that was given up change nothing but what is connected.
	before := w.c.Snapshot()
	assert.Empty(t, w.step(Event{Kind: Failed, Client: 4, Cause: heal.Refused}))
	assert.Empty(t, w.step(Event{Kind: Failed, Client: 77, Cause: heal.Timeout}))
	assert.Empty(t, w.step(Event{Kind: Proved, Client: 77}))
	assert.Empty(t, w.step(Event{Kind: Failed, Client: 4, Endpoint: 200, Cause: heal.Refused}))
	assert.Equal(t, before, w.c.Snapshot())
}

func TestInvariant04Order(t *testing.T) {
	w := newWorld(t, Policy{EndpointDials: 1}, named("a")...)
	for client := range 10 {
		w.ask(client)
		w.pass(time.Millisecond)
	}
	for client := range 9 {
		w.opens(client, time.Millisecond)
		assert.Contains(t, w.dialing, client+1)
	}
}

// Retries and first attempts take turns by when they asked; moves yield for 10 s.
func TestInvariant04Lanes(t *testing.T) {
	w := newWorld(t, Policy{EndpointDials: 1}, named("a")...)
	w.ask(0)
	w.fails(0, heal.Protocol)
	w.ask(1)
	w.pass(time.Second)
	w.ask(0) // a retry
	w.pass(time.Second)
	w.step(Event{Kind: Asked, Client: 2, Avoid: -1, Planned: true})
	for client := 3; client < 20; client++ {
		w.pass(time.Second)
		w.ask(client)
	}
	var order []int
	for len(w.dialing) > 0 {
		for client := range w.dialing {
			order = append(order, client)
			w.opens(client, time.Millisecond)
			break
		}
	}
	assert.Equal(t, []int{1, 0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 2, 13, 14, 15, 16, 17, 18, 19}, order)
}

// A client in the way of nobody: one that avoids the only endpoint with room lets those
// behind it go first.
func TestInvariant04Avoiding(t *testing.T) {
	w := newWorld(t, Policy{EndpointDials: 1}, named("a", "b")...)
	w.step(Event{Kind: Asked, Client: 1, Avoid: int16(w.index("b"))})
	assert.Equal(t, w.index("a"), w.where(1))
	w.step(Event{Kind: Asked, Client: 2, Avoid: int16(w.index("b"))})
	w.ask(3)
	assert.Equal(t, w.index("b"), w.where(3))
	assert.NotContains(t, w.dialing, 2)
	w.opens(1, time.Millisecond)
	assert.Equal(t, w.index("a"), w.where(2))

	w = newWorld(t, Policy{}, named("a")...)
	w.step(Event{Kind: Asked, Client: 1, Avoid: int16(w.index("a"))})
	assert.Contains(t, w.dialing, 1, "there is no other")
}

// Whatever goes wrong for a while, everybody who asks is admitted in the end.
func TestInvariant04Eventually(t *testing.T) {
	w := newWorld(t, Policy{EndpointDials: 4}, named("a", "b")...)
	const n = 200
	for client := range n {
		w.ask(client)
	}
	began := w.now
	connected := map[int]bool{}
	for len(connected) < n {
		w.pass(100 * time.Millisecond)
		require.Less(t, w.now.Sub(began), 30*time.Minute)
		up := w.now.Sub(began) > 5*time.Minute
		for client := range n {
			e, ok := w.dialing[client]
			switch {
			case !ok:
			case up && e == w.index("b"):
				w.opens(client, 10*time.Millisecond)
				w.proves(client, e)
				w.settles(client, e)
				connected[client] = true
			default:
				w.fails(client, heal.Refused)
				w.ask(client)
			}
		}
	}
	assert.Less(t, w.now.Sub(began), 5*time.Minute+30*time.Second, "with b back, the floor finds it, and proofs pay for the rest")
}

func TestInvariant05Leases(t *testing.T) {
	w := newWorld(t, Policy{EndpointDials: 1}, named("a")...)
	w.ask(1)
	w.ask(2)
	w.pass(60*time.Second - 1)
	assert.Contains(t, w.dialing, 1)
	w.pass(1)
	assert.Contains(t, w.dialing, 2, "nobody answered for 1")
	assert.Equal(t, 490.0, w.c.Snapshot().Budget, "it counts as a timeout")
	w.step(Event{Kind: Opened, Client: 1, Endpoint: 0, Took: time.Minute}) // at last
	assert.Equal(t, 1, w.of("a").Connections)
	assert.Equal(t, 1, w.of("a").Dialing, "which is 2's")
}

// ejected makes a world in which a is ejected and b is fit.
func ejected(t testing.TB, p Policy) *world {
	w := newWorld(t, p, named("a", "b")...)
	down(w, "a")
	require.Equal(t, Ejected, w.of("a").Health)
	return w
}

// down lets everything that goes to an endpoint fail until it is out of use.
func down(w *world, key string) {
	for client := 1000; w.of(key).Health.ready(); client++ {
		require.Less(w.t, client, 2000)
		w.ask(client)
		if e := w.where(client); e == w.index(key) {
			w.fails(client, heal.Refused)
		} else {
			w.opens(client, 10*time.Millisecond)
			w.proves(client, e)
			w.settles(client, e)
		}
	}
}

// ready for new connections, by its health alone.
func (h Health) ready() bool { return (&endpoint{health: h}).ready() }

// until lets time go by until a is probed.
func (w *world) until(key string, h Health) {
	w.t.Helper()
	for began := w.now; w.of(key).Health != h; {
		w.pass(time.Second)
		require.Less(w.t, w.now.Sub(began), 10*time.Minute)
	}
}

func TestInvariant05ProbesCannotWedge(t *testing.T) {
	w := ejected(t, Policy{Probes: 2})
	for range 5 {
		w.until("a", Probing)
		probes := []int{}
		for client := 1; client <= 4; client++ {
			w.ask(client)
			e := w.opens(client, time.Millisecond)
			if e == w.index("a") {
				probes = append(probes, client) // and then nothing more
			} else {
				w.step(Event{Kind: Lost, Client: client, Endpoint: e, Planned: true})
			}
		}
		require.Len(t, probes, 2)
		w.pass(30*time.Second - 1)
		require.Equal(t, Probing, w.of("a").Health)
		w.pass(1)
		require.NotEqual(t, Probing, w.of("a").Health, "no probe reported")
		for _, client := range probes {
			w.step(Event{Kind: Lost, Client: client, Endpoint: w.index("a"), Planned: true})
		}
	}
}

func TestInvariant05ProbeWithdrawn(t *testing.T) {
	w := ejected(t, Policy{})
	w.until("a", Probing)
	w.ask(1)
	require.Equal(t, w.index("a"), w.where(1))
	w.step(Event{Kind: Withdrawn, Client: 1})
	assert.Equal(t, Probing, w.of("a").Health, "it has found nothing out")
	w.ask(2)
	assert.Equal(t, w.index("a"), w.where(2), "so the slot is free again")
}

func TestInvariant06Floor(t *testing.T) {
	w := newWorld(t, Policy{}, named("a")...)
	attempts := []heal.Instant{}
	for client := range 200 {
		w.ask(client)
	}
	fail := func() {
		for len(w.dialing) > 0 {
			for client := range w.dialing {
				attempts = append(attempts, w.now)
				w.fails(client, heal.Refused)
				w.ask(client)
				break
			}
		}
	}
	fail()
	require.True(t, w.spent)
	assert.Len(t, attempts, 201, "each of them once, and the floor's")
	attempts = nil
	for range 100 {
		w.pass(time.Second)
		fail()
	}
	assert.Len(t, attempts, 10, "one in 10 s")

	// It is back: proofs pay for the others, two for one.
	last := 1
	for rounds := 0; len(w.asking) > 0; rounds++ {
		require.Less(t, rounds, 100)
		for len(w.dialing) == 0 {
			w.pass(time.Second)
		}
		assert.LessOrEqual(t, len(w.dialing), 2*last, "round %d", rounds)
		last = len(w.dialing)
		now := []int{}
		for client := range w.dialing {
			now = append(now, client)
		}
		for _, client := range now {
			w.proves(client, w.opens(client, 10*time.Millisecond))
		}
	}
	for client := range 200 {
		w.settles(client, 0)
	}
	assert.False(t, w.spent)
}

// First connects need no budget, and their failures starve nobody.
func TestInvariant06ColdStart(t *testing.T) {
	w := newWorld(t, Policy{}, named("a")...)
	for client := range 5000 {
		w.step(Event{Kind: Asked, Client: client, Avoid: -1})
	}
	tried := 0
	for len(w.dialing) > 0 {
		for client := range w.dialing {
			tried++
			w.says(client, 503, 0)
			break
		}
	}
	assert.Equal(t, 5000, tried)
	assert.Zero(t, w.c.Snapshot().Budget)
}

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

func TestInvariant09Ejections(t *testing.T) {
	p := Policy{EjectFor: 10 * time.Second, EjectCap: 35 * time.Second}
	w := ejected(t, p)
	spans := map[time.Duration]bool{}
	for n := 1; n <= 8; n++ {
		span := w.of("a").Until.Sub(w.now)
		want := min(time.Duration(n)*10*time.Second, 35*time.Second)
		assert.InDelta(t, want.Seconds(), span.Seconds(), 0.2*want.Seconds(), "ejection %d", n)
		assert.NotContains(t, spans, span, "jittered, at the cap too")
		spans[span] = true
		w.until("a", Probing)
		w.ask(1)
		require.Equal(t, w.index("a"), w.where(1))
		w.fails(1, heal.Refused)
		require.Equal(t, Ejected, w.of("a").Health)
	}
	w.until("a", Probing)
	w.connects(1)
	w.until("a", Healthy)
	w.pass(55 * time.Second) // forgives five of nine
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
}

func TestInvariant11Storm(t *testing.T) {
	w := newWorld(t, Policy{RebalanceAt: -1}, named("a", "b", "c")...)
	at := map[int]uint8{}
	for client := range 100 {
		at[client] = w.connects(client)
	}
	limits := func() (sum float64) {
		for _, e := range w.c.Snapshot().Endpoints {
			sum += e.Limit
		}
		return sum
	}
	before := limits()
	for client := range 19 {
		w.loses(client, at[client])
	}
	assert.False(t, w.storm)
	acts := w.loses(19, at[19])
	assert.True(t, w.storm, "20 of 100")
	assert.Equal(t, before/2, limits(), "halved")
	assert.Contains(t, acts, Action{Kind: Scatter, N: 20, Within: 5 * time.Second})
	scattered := 0
	for client := 20; client < 100; client++ {
		for _, a := range w.loses(client, at[client]) {
			if a.Kind == Scatter {
				scattered++
			}
		}
	}
	assert.Equal(t, 2, scattered, "at 40 and at 80")
	assert.Equal(t, before/2, limits(), "once")

	w.pass(2 * time.Second)
	for client := range 79 {
		w.connects(client)
	}
	w.pass(time.Second)
	assert.True(t, w.storm, "79 are back")
	w.connects(79)
	w.pass(time.Second)
	assert.False(t, w.storm, "80 are")
}

func TestInvariant11PlannedAndEarly(t *testing.T) {
	w := newWorld(t, Policy{RebalanceAt: -1}, named("a", "b")...)
	at := map[int]uint8{}
	for client := range 100 {
		at[client] = w.connects(client)
	}
	for client := range 100 {
		w.step(Event{Kind: Lost, Client: client, Endpoint: at[client], Planned: true, Cause: heal.CloseFrame, Code: 1000})
	}
	assert.False(t, w.storm, "the pool meant it")
	for client := range 100 {
		w.ask(client)
		e := w.opens(client, time.Millisecond)
		w.proves(client, e)
		w.dies(client, e)
	}
	assert.False(t, w.storm, "accept-then-close is no storm")
}

// One loss now and then is none, however small the pool; and losses that go on are one
// storm, not many.
func TestInvariant11DoesNotFlap(t *testing.T) {
	w := newWorld(t, Policy{RebalanceAt: -1}, named("a", "b")...)
	at := map[int]uint8{}
	for client := range 10 {
		at[client] = w.connects(client)
	}
	for k := range 100 {
		w.loses(k%10, at[k%10])
		w.pass(500 * time.Millisecond)
		at[k%10] = w.connects(k % 10)
	}
	assert.False(t, w.storm)

	for client := range 1000 {
		at[client] = w.connects(client + 10)
	}
	began := 0
	for k := range 4000 { // 400 in a second, for 10 s, all back at once
		client := k%1000 + 10
		if acts := w.loses(client, at[client-10]); w.storm {
			for _, a := range acts {
				if a.Kind == Report && a.Notice == StormBegan {
					began++
				}
			}
		}
		w.pass(2500 * time.Microsecond)
		at[client-10] = w.connects(client)
	}
	assert.Equal(t, 1, began)
	w.pass(time.Minute)
	assert.False(t, w.storm)
}

// A storm after which nobody comes back is over by itself.
func TestInvariant11OverWithoutThem(t *testing.T) {
	w := newWorld(t, Policy{}, named("a")...)
	for client := range 50 {
		w.connects(client)
	}
	for client := range 50 {
		w.loses(client, 0)
	}
	w.pass(10*time.Second - 1)
	assert.True(t, w.storm)
	w.pass(1)
	assert.False(t, w.storm)
}

// The window over which clients are scattered follows from what the endpoints took when
// they were busy.
func TestInvariant11Window(t *testing.T) {
	w := newWorld(t, Policy{EndpointDials: 1, StormShare: 1}, named("a")...)
	for client := range 60 {
		w.ask(client)
	}
	for client := range 60 { // 10 a second
		w.pass(100 * time.Millisecond)
		w.opens(client, 100*time.Millisecond)
		w.proves(client, 0)
		w.settles(client, 0)
	}
	for client := range 59 {
		w.loses(client, 0)
	}
	acts := w.loses(59, 0)
	require.True(t, w.storm)
	for _, a := range acts {
		if a.Kind == Scatter {
			assert.InDelta(t, 6, a.Within.Seconds(), 0.7)
			return
		}
	}
	t.Fatal("nothing was scattered")
}

func TestInvariant12Indices(t *testing.T) {
	w := newWorld(t, Policy{}, named("a", "b")...)
	a, b := w.index("a"), w.index("b")
	w.list(named("c", "b")...)
	w.list(named("b", "a", "c")...)
	assert.Equal(t, a, w.index("a"))
	assert.Equal(t, b, w.index("b"))
	assert.Equal(t, uint8(2), w.index("c"))
}

// A refresh resets nothing, and nor does a list that flaps.
func TestInvariant12RefreshChangesNothing(t *testing.T) {
	w := ejected(t, Policy{})
	before := w.c.Snapshot()
	for _, act := range w.list(named("b", "a")...) {
		assert.Equal(t, Arm, act.Kind)
	}
	assert.Equal(t, before, w.c.Snapshot())
	w.list(named("b")...)
	assert.Equal(t, Removed, w.of("a").Health)
	w.list(named("a", "b")...)
	assert.Equal(t, before, w.c.Snapshot(), "its exile is not forgotten")
}

func TestInvariant12RefusedLists(t *testing.T) {
	w := newWorld(t, Policy{}, named("a", "b")...)
	before := w.c.Snapshot()
	many := make([]Endpoint, 257)
	for i := range many {
		many[i].Key = fmt.Sprint("x", i)
	}
	for want, list := range map[string][]Endpoint{
		"no endpoints": nil,
		`endpoint 1: expected each key once, got "c" again`: named("c", "c"),
		"endpoint 0: expected a key, got none" + "\n" +
			`endpoint 1, "d": expected a weight of at least 0, got -1`: {{}, {Key: "d", Weight: -1}},
		"endpoints: expected at most 256, got 257, those counted that still have connections": many,
	} {
		out, err := w.c.SetEndpoints(w.now, list, nil)
		assert.EqualError(t, err, want)
		assert.Empty(t, out)
		assert.Equal(t, before, w.c.Snapshot(), "the one before stays in force")
	}
	_, err := w.c.SetEndpoints(w.now, nil, nil)
	assert.ErrorIs(t, err, ErrNoEndpoints)
}

// Addresses come and go for ever: when all indices were given out, those that were left
// longest ago are given out again, and never one that has a connection.
func TestInvariant12Churn(t *testing.T) {
	w := newWorld(t, Policy{}, named("first")...)
	w.connects(1)
	for k := range 600 {
		w.list(Endpoint{Key: fmt.Sprint("pod-", k)})
		w.pass(time.Millisecond)
	}
	i, ok := w.c.Index("first")
	assert.True(t, ok)
	assert.Zero(t, i, "it has a connection")
	_, ok = w.c.Index("pod-10")
	assert.False(t, ok)
	_, ok = w.c.Index("pod-400")
	assert.True(t, ok)
	assert.Len(t, w.c.Snapshot().Endpoints, 256)

	full := make([]Endpoint, 256)
	for i := range full {
		full[i].Key = fmt.Sprint("x", i)
	}
	_, err := w.c.SetEndpoints(w.now, full, nil)
	assert.ErrorContains(t, err, "got 257")
	w.list(full[:255]...)
}
