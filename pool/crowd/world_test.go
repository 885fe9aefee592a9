package crowd

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/heal"
)

// world drives a Crowd, holds its actions against what is known of the clients, and
// remembers what was said.
type world struct {
	t       testing.TB
	p       Policy // complete
	c       *Crowd
	now     heal.Instant
	armed   heal.Instant
	keys    []string
	asking  map[int]int16 // clients that wait, and what they avoid
	dialing map[int]uint8 // clients that were admitted
	probing map[int]bool  // of them those who were sent to a Probing endpoint
	since   map[int]heal.Instant
	live    []int // connections by endpoint
	health  []Health
	listed  map[string]Endpoint
	acts    []Action // of the last step
	storm   bool
	panics  bool
	spent   bool
	shed    []shedding
	pauses  []heal.Instant // earliest end of an endpoint's pause
}

type shedding struct {
	at   heal.Instant
	n    int
	from uint8
}

func newWorld(t testing.TB, p Policy, endpoints ...Endpoint) *world {
	require.Empty(t, p.Faults())
	w := &world{
		t: t, p: p.complete(), c: New(p, heal.Rand{Seed: 42}), armed: never,
		asking: map[int]int16{}, dialing: map[int]uint8{}, probing: map[int]bool{}, since: map[int]heal.Instant{},
		listed: map[string]Endpoint{},
	}
	if len(endpoints) > 0 {
		w.list(endpoints...)
	}
	return w
}

// named are endpoints of equal weight, one for each word: "a", or "a:1" with a priority.
func named(keys ...string) (out []Endpoint) {
	for _, key := range keys {
		e := Endpoint{Key: key}
		if n := len(key); n > 2 && key[n-2] == ':' {
			e = Endpoint{Key: key[:n-2], Priority: int(key[n-1] - '0')}
		}
		out = append(out, e)
	}
	return out
}

func (w *world) list(endpoints ...Endpoint) []Action {
	w.t.Helper()
	acts, err := w.c.SetEndpoints(w.now, endpoints, w.acts[:0])
	require.NoError(w.t, err)
	w.listed = map[string]Endpoint{}
	for _, e := range endpoints {
		w.listed[e.Key] = e
		i, ok := w.c.Index(e.Key)
		require.True(w.t, ok)
		for int(i) >= len(w.keys) {
			w.keys, w.live, w.health, w.pauses = append(w.keys, ""), append(w.live, 0), append(w.health, Removed), append(w.pauses, 0)
		}
		if w.keys[i] != "" && w.keys[i] != e.Key {
			w.must(w.live[i] == 0, 12, "index %d of %s, which has connections, went to %s", i, w.keys[i], e.Key)
			w.pauses[i] = 0
		}
		w.keys[i] = e.Key
	}
	w.take(acts)
	return acts
}

// step lets an event happen, and holds what comes of it against the invariants that can
// be seen from outside.
func (w *world) step(ev Event) []Action {
	w.t.Helper()
	e := int(ev.Endpoint)
	switch ev.Kind {
	case Asked:
		w.asking[ev.Client] = ev.Avoid
		delete(w.dialing, ev.Client)
	case Withdrawn:
		delete(w.asking, ev.Client)
		delete(w.dialing, ev.Client)
	case Opened:
		delete(w.dialing, ev.Client)
		w.live[e]++
	case Failed:
		delete(w.dialing, ev.Client)
	case Lost:
		w.live[e]--
	}
	if ev.RetryAfter > 0 && throttles(ev) && (ev.Kind == Failed || ev.Kind == Lost && !ev.Planned) {
		w.pauses[e] = max(w.pauses[e], w.now.Add(min(ev.RetryAfter, longestPause)))
	}
	if ev.Kind == Ticked || w.now >= w.armed {
		w.armed = never
	}
	w.acts = w.c.Step(w.now, ev, w.acts[:0])
	w.take(w.acts)
	return w.acts
}

func (w *world) must(ok bool, invariant int, format string, args ...any) {
	if !ok {
		w.t.Helper()
		w.t.Fatalf("invariant %d at %v: %s", invariant, time.Duration(w.now), fmt.Sprintf(format, args...))
	}
}

// take holds actions against the invariants, in order.
func (w *world) take(acts []Action) {
	w.t.Helper()
	for d := range w.dialing { // an admission that was not answered is over
		lease := 2 * w.p.ProbeLease
		if w.probing[d] {
			lease = w.p.ProbeLease
		}
		if w.now >= w.since[d].Add(lease) {
			delete(w.dialing, d)
		}
	}
	limits := w.c.Snapshot().Endpoints
	for _, a := range acts {
		e := int(a.Endpoint)
		switch a.Kind {
		case Admit:
			avoid, asks := w.asking[a.Client]
			w.must(asks, 3, "client %d was admitted and had not asked", a.Client)
			h := w.health[e]
			_, listed := w.listed[w.keys[e]]
			w.must(listed && h != Draining && h != Removed, 2, "%s is %v", w.keys[e], h)
			w.must(w.now >= w.pauses[e], 2, "%s is paused until %v", w.keys[e], time.Duration(w.pauses[e]))
			w.must(h != Ejected || w.panics, 2, "%s is ejected", w.keys[e])
			w.must(len(w.dialing) < w.p.Dials, 1, "%d dials are under way", len(w.dialing))
			n, probes := 0, 0
			for d, at := range w.dialing {
				if int(at) == e {
					n++
					if w.probing[d] {
						probes++
					}
				}
			}
			w.must(h != Probing || probes < w.p.Probes || w.panics, 5, "%s has %d probes", w.keys[e], probes)
			w.must(h == Probing || !w.c.book.find(a.Client).probe, 5, "%s is %v and probed", w.keys[e], h)
			w.must(n < max(1, int(limits[e].Limit)), 1, "%s has %d dials of %v", w.keys[e], n, limits[e].Limit)
			if avoid == int16(e) {
				for i, x := range w.c.endpoints {
					w.must(i == e || !w.c.inUse(&x), 3, "client %d avoids %s and was sent there, although %s is in use", a.Client, w.keys[e], x.Key)
				}
			}
			delete(w.asking, a.Client)
			w.dialing[a.Client], w.since[a.Client] = a.Endpoint, w.now
			w.probing[a.Client] = w.c.book.find(a.Client).probe
		case Arm:
			w.must(a.At >= w.now, 4, "armed for %v", time.Duration(a.At))
			w.armed = a.At
		case Shed:
			w.must(!w.storm, 13, "moves in a storm")
			w.must(a.N > 0 && a.N <= w.live[e], 13, "%d of %d are to leave %s", a.N, w.live[e], w.keys[e])
			w.shed = append(w.shed, shedding{w.now, a.N, a.Endpoint})
		case Report:
			w.report(a)
		}
	}
	w.state(limits)
}

func (w *world) report(a Action) {
	w.t.Helper()
	turn := func(state *bool, to bool) {
		w.t.Helper()
		w.must(*state != to, 11, "%v although it was so", a.Notice)
		*state = to
	}
	switch a.Notice {
	case HealthChanged:
		for int(a.Endpoint) >= len(w.health) {
			w.keys, w.live, w.health, w.pauses = append(w.keys, ""), append(w.live, 0), append(w.health, Removed), append(w.pauses, 0)
		}
		from, to := w.health[a.Endpoint], a.Health
		w.must(edges[from][to], 7, "%s went from %v to %v", w.keys[a.Endpoint], from, to)
		w.health[a.Endpoint] = to
	case StormBegan, StormOver:
		turn(&w.storm, a.Notice == StormBegan)
	case PanicBegan, PanicOver:
		turn(&w.panics, a.Notice == PanicBegan)
	case BudgetSpent, BudgetBack:
		turn(&w.spent, a.Notice == BudgetSpent)
	}
}

// edges are those of doc.go's picture.
var edges = map[Health]map[Health]bool{
	Unknown:  {Healthy: true, Warming: true, Ejected: true, Probing: true, Draining: true},
	Healthy:  {Degraded: true, Ejected: true, Probing: true, Draining: true},
	Degraded: {Healthy: true, Ejected: true, Probing: true, Draining: true},
	Warming:  {Healthy: true, Ejected: true, Probing: true, Draining: true},
	Ejected:  {Probing: true, Warming: true, Draining: true},
	Probing:  {Warming: true, Ejected: true, Draining: true},
	Draining: {Removed: true, Unknown: true, Healthy: true, Degraded: true, Warming: true, Ejected: true, Probing: true},
	Removed:  {Unknown: true, Ejected: true, Probing: true},
}

// state holds what a snapshot shows against what happened.
func (w *world) state(endpoints []EndpointSnapshot) {
	w.t.Helper()
	s := w.c.Snapshot()
	w.must(s.Asking == len(w.asking), 3, "%d are asking, it counts %d", len(w.asking), s.Asking)
	w.must(s.Dialing == len(w.dialing), 5, "%d are dialing, it counts %d", len(w.dialing), s.Dialing)
	w.must(0 <= s.Budget && s.Budget <= w.p.Budget, 6, "budget %v", s.Budget)
	ejected, listed := 0, 0
	for i, e := range endpoints {
		w.must(e.Key == w.keys[i], 12, "%s at the index of %s", e.Key, w.keys[i])
		w.must(e.Connections == w.live[i], 3, "%s has %d connections, it counts %d", e.Key, w.live[i], e.Connections)
		w.must(1 <= e.Limit && e.Limit <= float64(w.p.EndpointDials), 1, "limit %v", e.Limit)
		w.must(e.Health == w.health[i], 7, "%s is %v, reported was %v", e.Key, e.Health, w.health[i])
		if e.Health != Draining && e.Health != Removed {
			listed++
		}
		if e.Health == Ejected {
			ejected++
		}
	}
	w.must(ejected == 0 || ejected < listed && float64(ejected) <= w.p.EjectShare*float64(listed), 7, "%d of %d are ejected", ejected, listed)
	w.must(listed == len(w.listed), 12, "%d on the list, it counts %d", len(w.listed), listed)
	w.must(s.Storm == w.storm && s.Panic == w.panics, 11, "storm %v, panic %v", s.Storm, s.Panic)
}

// pass lets time go by, with every tick served when it is due.
func (w *world) pass(d time.Duration) (acts []Action) {
	w.t.Helper()
	until := w.now.Add(d)
	for steps := 0; w.armed <= until; steps++ {
		require.Less(w.t, steps, 100_000, "the timer goes round and round")
		w.now = max(w.now, w.armed)
		acts = append(acts, w.step(Event{Kind: Ticked})...)
	}
	w.now = until
	return acts
}

func (w *world) ask(client int) []Action {
	w.t.Helper()
	return w.step(Event{Kind: Asked, Client: client, Avoid: -1})
}

// dials returns where a client was sent, which must have been admitted.
func (w *world) where(client int) uint8 {
	w.t.Helper()
	e, ok := w.dialing[client]
	require.True(w.t, ok, "client %d is not admitted", client)
	return e
}

func (w *world) opens(client int, took time.Duration) uint8 {
	w.t.Helper()
	e := w.where(client)
	w.step(Event{Kind: Opened, Client: client, Endpoint: e, Took: took})
	return e
}

func (w *world) fails(client int, cause heal.Cause) {
	w.t.Helper()
	w.step(Event{Kind: Failed, Client: client, Endpoint: w.where(client), Cause: cause})
}

func (w *world) says(client int, status uint16, after time.Duration) {
	w.t.Helper()
	w.step(Event{Kind: Failed, Client: client, Endpoint: w.where(client), Cause: heal.Status, Code: status, RetryAfter: after})
}

func (w *world) proves(client int, e uint8) { w.step(Event{Kind: Proved, Client: client, Endpoint: e}) }

func (w *world) settles(client int, e uint8) {
	w.step(Event{Kind: Stable, Client: client, Endpoint: e})
}

func (w *world) loses(client int, e uint8) []Action {
	return w.step(Event{Kind: Lost, Client: client, Endpoint: e, Cause: heal.Reset})
}

func (w *world) dies(client int, e uint8) []Action {
	return w.step(Event{Kind: Lost, Client: client, Endpoint: e, Cause: heal.EOF, Early: true})
}

// connects brings a client to a stable connection.
func (w *world) connects(client int) uint8 {
	w.t.Helper()
	w.ask(client)
	e := w.opens(client, 10*time.Millisecond)
	w.proves(client, e)
	w.settles(client, e)
	return e
}

func (w *world) of(key string) EndpointSnapshot {
	w.t.Helper()
	i, ok := w.c.Index(key)
	require.True(w.t, ok)
	return w.c.Snapshot().Endpoints[i]
}

func (w *world) index(key string) uint8 {
	i, ok := w.c.Index(key)
	require.True(w.t, ok)
	return i
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
