package crowd

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/heal"
)

// FuzzCrowd walks at random: clients ask, open, fail, die and vanish without a word,
// lists come and go, time jumps. The world holds every step against the invariants. At
// the end the weather clears, and everybody who asks must be connected.
func FuzzCrowd(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed, uint8(seed*13), []byte{byte(seed), 200, 3, 77, byte(seed * 31)})
	}
	f.Fuzz(func(t *testing.T, seed uint64, shape uint8, script []byte) {
		if len(script) > 4096 {
			t.Skip("longer than it need be")
		}
		newWalk(t, seed, shape).walk(script)
	})
}

// TestWalks takes the same walk, longer.
func TestWalks(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 7))
		script := make([]byte, 1500)
		for i := range script {
			script[i] = byte(r.Uint32())
		}
		newWalk(t, seed, uint8(r.Uint32())).walk(script)
	}
}

const walkers = 40

type walk struct {
	*world
	r     *rand.Rand
	names []string
	// at is where a client is connected, proved and stable what was said of it.
	at     map[int]uint8
	proved map[int]bool
	stable map[int]bool
}

func newWalk(t testing.TB, seed uint64, shape uint8) *walk {
	p := Policy{
		Balance: Balance(shape % 3), EndpointDials: 1 + int(shape>>2)%8, Dials: 1 + int(shape>>3)%20,
		Probes: 1 + int(shape)%2, EjectAfter: 2 + int(shape>>4)%3, Budget: float64(10 + 40*(int(shape>>5)%4)),
		EjectShare: []float64{0, 1, 0.34, 0.01}[shape>>6], StormLeast: 4, PanicBelow: []float64{0, 0.01, 1}[int(shape)%3],
	}
	w := &walk{
		r: rand.New(rand.NewPCG(seed, 1)), names: []string{"a", "b", "c:1", "d:1", "e:2"}, at: map[int]uint8{},
		proved: map[int]bool{}, stable: map[int]bool{},
	}
	w.world = newWorld(t, p, named(w.names[:1+seed%5]...)...)
	return w
}

func (w *walk) walk(script []byte) {
	for _, b := range script {
		w.do(b)
	}
	w.clear()
}

// do one thing that may happen.
func (w *walk) do(b byte) {
	client := w.r.IntN(walkers)
	e, dialing := w.dialing[client]
	at, connected := w.at[client]
	switch what := b % 32; {
	case what < 6:
		w.pass(time.Duration(w.r.Int64N(int64([]time.Duration{time.Millisecond, time.Second, 20 * time.Second, 2 * time.Minute}[b>>6]) + 1)))
	case what == 6:
		var keys []string
		for _, name := range w.names {
			if w.r.IntN(3) > 0 {
				keys = append(keys, name)
			}
		}
		if len(keys) > 0 {
			w.list(named(keys...)...)
		}
	case what == 7:
		w.step(Event{Kind: Answered, Endpoint: uint8(w.r.IntN(len(w.keys))), Took: time.Duration(w.r.Int64N(int64(time.Second)))})
	case what == 8: // many at once
		for c := range walkers {
			if e, ok := w.at[c]; ok && w.r.IntN(2) == 0 {
				w.end(c, e, Event{Cause: heal.Reset})
			}
		}
	case dialing && what < 18:
		w.step(Event{Kind: Opened, Client: client, Endpoint: e, Took: time.Duration(w.r.Int64N(int64(100 * time.Millisecond)))})
		if connected { // make before break
			w.end(client, at, Event{Planned: true})
		}
		w.at[client] = e
	case dialing && what < 26:
		ev := Event{Kind: Failed, Client: client, Endpoint: e, Cause: heal.Refused}
		switch w.r.IntN(4) {
		case 0:
			ev.Cause = heal.Timeout
		case 1:
			ev.Cause, ev.Code, ev.RetryAfter = heal.Status, 503, time.Duration(w.r.Int64N(int64(2*time.Minute)))
		case 2:
			ev.Cause, ev.Code = heal.Status, 404
		}
		w.step(ev)
	case dialing && what < 28, what == 28:
		w.step(Event{Kind: Withdrawn, Client: client})
	case dialing: // silence: the lease ends it
	case connected && what < 14:
		if !w.proved[client] {
			w.proved[client] = true
			w.step(Event{Kind: Proved, Client: client, Endpoint: at})
		}
	case connected && what < 18:
		if w.proved[client] && !w.stable[client] {
			w.stable[client] = true
			w.step(Event{Kind: Stable, Client: client, Endpoint: at})
		}
	case connected && what < 22:
		w.end(client, at, Event{Cause: []heal.Cause{heal.EOF, heal.CloseFrame, heal.HalfOpen}[what%3], Code: 1013, RetryAfter: time.Second})
	case connected && what < 25:
		w.end(client, at, Event{Planned: true})
	default:
		w.step(Event{Kind: Asked, Client: client, Avoid: int16(w.r.IntN(len(w.keys)+2)) - 1, Planned: connected})
	}
}

// end ends a connection.
func (w *walk) end(client int, e uint8, ev Event) {
	ev.Kind, ev.Client, ev.Endpoint, ev.Early = Lost, client, e, !w.stable[client]
	delete(w.at, client)
	delete(w.proved, client)
	delete(w.stable, client)
	w.step(ev)
}

// clear lets everything work from now on: whoever is not connected asks, and gets there;
// whoever is told to move does; and every endpoint that is needed is found fit.
func (w *walk) clear() {
	began := w.now
	for c := range walkers {
		e, ok := w.at[c]
		if !ok {
			w.ask(c)
			continue
		}
		if !w.proved[c] {
			w.step(Event{Kind: Proved, Client: c, Endpoint: e})
		}
		if !w.stable[c] {
			w.step(Event{Kind: Stable, Client: c, Endpoint: e})
		}
		w.proved[c], w.stable[c] = true, true
	}
	for len(w.at) < walkers {
		require.Less(w.t, w.now.Sub(began), 15*time.Minute, "asking %v, dialing %v: %+v", w.asking, w.dialing, w.c.Snapshot())
		w.work()
		w.pass(100 * time.Millisecond)
	}
	best := 9
	for _, e := range w.listed {
		best = min(best, e.Priority)
	}
	rest := func() bool {
		for _, e := range w.listed {
			if x := w.of(e.Key); e.Priority == best && !x.Health.ready() || e.Priority > best && x.Connections > 0 {
				return false
			}
		}
		return len(w.asking) == 0 && !w.storm && !w.panics
	}
	for w.shed = nil; !rest(); {
		require.Less(w.t, w.now.Sub(began), 3*time.Hour, "%+v", w.c.Snapshot())
		w.work()
		w.pass(time.Second)
	}
}

// work lets every dial succeed and every client move that should.
func (w *walk) work() {
	for _, s := range w.shed {
		for c := range walkers {
			if at, ok := w.at[c]; ok && at == s.from && s.n > 0 {
				w.step(Event{Kind: Asked, Client: c, Avoid: int16(at), Planned: true})
				s.n--
			}
		}
	}
	w.shed = nil
	for c := range walkers {
		e, ok := w.dialing[c]
		if !ok {
			continue
		}
		w.step(Event{Kind: Opened, Client: c, Endpoint: e, Took: 10 * time.Millisecond})
		if at, had := w.at[c]; had {
			w.end(c, at, Event{Planned: true})
		}
		w.at[c], w.proved[c], w.stable[c] = e, true, true
		w.step(Event{Kind: Proved, Client: c, Endpoint: e})
		w.step(Event{Kind: Stable, Client: c, Endpoint: e})
	}
}
