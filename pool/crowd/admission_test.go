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
	w.pass(time.Hour)
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

// A server that is slower from now on, for it is further away, or the clients' machine is
// busy, is usual again once a handshake was alone: one at a time for two minutes would be
// slower than it is.
func TestInvariant01Baseline(t *testing.T) {
	w := newWorld(t, Policy{EndpointDials: 8}, named("a")...)
	w.connects(0)
	client := 0
	handshake := func() {
		client++
		w.ask(client)
		w.opens(client, 50*time.Millisecond)
	}
	for w.of("a").Limit > 1 {
		handshake()
	}
	at := client
	for w.of("a").Limit < 8 {
		require.Less(t, client, at+100)
		handshake()
	}
	assert.Equal(t, 1+2+3+4+5+6+7, client-at, "each round adds one")
}

// A server that does one after the other is not taken for one that is further away,
// however often the limit comes down to one: more at a time would only wait.
func TestInvariant01OwnQueue(t *testing.T) {
	p := (&Policy{EndpointDials: 64}).complete()
	w := newWorld(t, p, named("a")...)
	client, most := 0, 0.0
	for round := range 200 {
		n := int(w.of("a").Limit)
		for k := range n {
			w.ask(client + k)
		}
		for k := range n {
			w.opens(client+k, time.Duration(k+1)*20*time.Millisecond)
		}
		client += n
		w.pass(time.Second)
		if round > 20 {
			most = max(most, w.of("a").Limit)
		}
	}
	assert.LessOrEqual(t, most, 2*p.LatencyFactor+1, "a round of which half is slower than so many times one")
	assert.Greater(t, most, 1.0)
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

// A Retry-After of an hour is a slip, or an attack.
func TestInvariant02LongestPause(t *testing.T) {
	w := newWorld(t, Policy{}, named("a")...)
	w.ask(1)
	w.says(1, 503, time.Hour)
	w.ask(1)
	w.pass(5*time.Minute - 1)
	assert.Empty(t, w.dialing)
	w.pass(time.Minute + 1)
	assert.Len(t, w.dialing, 1)
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
	w.ask(3) // again: it keeps its place
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

// A probe waits for its time, and is found by who asked before.
func TestInvariant05ProbeIsWaitedFor(t *testing.T) {
	w := newWorld(t, Policy{EndpointDials: 1, EjectShare: 0.01}, named("a", "b")...)
	down(w, "a")
	require.Equal(t, Probing, w.of("a").Health)
	w.pass(time.Second) // b is busy, and a not yet to be probed
	w.ask(1)
	w.ask(2)
	require.Equal(t, w.index("b"), w.where(1))
	began := w.now
	for len(w.dialing) < 2 {
		w.pass(time.Second)
		require.Less(t, w.now.Sub(began), 12*time.Second)
	}
	assert.GreaterOrEqual(t, w.now.Sub(began), 6*time.Second)
	assert.Equal(t, w.index("a"), w.where(2))
}

// While the best tier is fit nobody probes a worse one.
func TestInvariant05ProbesAreNeeded(t *testing.T) {
	w := newWorld(t, Policy{EjectAfter: 2}, named("a", "b:1")...)
	w.list(named("b:1")...)
	w.list(named("x:2", "b:1")...)
	down(w, "b")
	w.list(named("a", "b:1")...)
	w.until("b", Probing)
	w.ask(1)
	assert.Equal(t, w.index("a"), w.where(1))
	w.pass(10 * time.Minute)
	assert.Empty(t, w.shed)
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

func TestSplits(t *testing.T) {
	for _, b := range []Balance{PowerOfTwo, RoundRobin, LeastConnections} {
		t.Run(fmt.Sprint(b), func(t *testing.T) {
			w := newWorld(t, Policy{Balance: b}, Endpoint{Key: "a", Weight: 1}, Endpoint{Key: "b", Weight: 2}, Endpoint{Key: "c", Weight: 3})
			for client := range 600 {
				w.connects(client)
			}
			assert.InDelta(t, 100, w.of("a").Connections, 12)
			assert.InDelta(t, 200, w.of("b").Connections, 12)
			assert.InDelta(t, 300, w.of("c").Connections, 12)
		})
	}
}
