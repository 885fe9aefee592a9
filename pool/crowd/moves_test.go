package crowd

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/heal"
)

// settled is a pool whose clients do what Shed says: each opens its next connection
// before it gives up the one that it has.
type settled struct {
	*world
	silent bool // they do not say where they come from
	at     map[int]uint8
	seen   int
}

func newSettled(t testing.TB, p Policy, clients int, endpoints ...Endpoint) *settled {
	s := &settled{world: newWorld(t, p, endpoints...), at: map[int]uint8{}}
	for client := range clients {
		s.at[client] = s.connects(client)
	}
	return s
}

// run lets time go by in seconds, and returns how many moved.
func (s *settled) run(d time.Duration) (moved int) {
	s.t.Helper()
	for range d / time.Second {
		s.pass(time.Second)
		for ; s.seen < len(s.shed); s.seen++ {
			shed := s.shed[s.seen]
			left := shed.n
			for client := 0; left > 0 && client < len(s.at); client++ {
				if s.at[client] != shed.from {
					continue
				}
				avoid := int16(shed.from)
				if s.silent {
					avoid = -1
				}
				s.step(Event{Kind: Asked, Client: client, Avoid: avoid, Planned: true})
				to, ok := s.dialing[client]
				require.True(s.t, ok)
				s.opens(client, 10*time.Millisecond)
				s.proves(client, to)
				s.step(Event{Kind: Lost, Client: client, Endpoint: shed.from, Planned: true})
				s.settles(client, to)
				s.at[client] = to
				left--
				moved++
			}
			require.Zero(s.t, left)
		}
	}
	return moved
}

func TestInvariant13Rebalance(t *testing.T) {
	s := newSettled(t, Policy{}, 200, named("a", "b")...)
	require.InDelta(t, 100, s.of("a").Connections, 10, "power of two choices")
	s.run(5 * time.Minute)
	assert.Empty(t, s.shed, "balanced")

	at := s.of("a").Connections
	for client := 0; s.of("a").Connections > at-10; client++ {
		if s.at[client] == s.index("a") {
			s.step(Event{Kind: Lost, Client: client, Endpoint: s.at[client], Planned: true})
			s.at[client] = 200 // nowhere
		}
	}
	s.run(5 * time.Minute)
	assert.Empty(t, s.shed, "not by more than a quarter")
	for client := range 200 {
		if s.at[client] == 200 {
			s.at[client] = s.connects(client)
		}
	}

	s.list(named("a", "b", "c")...)
	moved := s.run(40 * time.Second)
	s.step(Event{Kind: Lost, Client: 0, Endpoint: s.at[0], Planned: true}) // looks before its time
	s.at[0] = s.connects(0)
	assert.Zero(t, moved+s.run(20*time.Second), "RebalanceAfter")
	for second := range 10 {
		assert.LessOrEqual(t, s.run(time.Second), 4, "1 %% of 200 in a second, and one second saved up: second %d", second)
	}
	moved = s.run(5 * time.Minute)
	assert.Greater(t, moved, 40)
	for _, key := range []string{"a", "b", "c"} {
		assert.InDelta(t, 67, s.of(key).Connections, 8, key)
	}
	assert.Zero(t, s.run(10*time.Minute), "and then it is quiet")
}

// Moves end also where clients do not say what they leave and turns are taken.
func TestInvariant13Silent(t *testing.T) {
	s := newSettled(t, Policy{Balance: RoundRobin}, 100, named("a", "b")...)
	s.silent = true
	s.list(named("a", "b", "c")...)
	s.run(5 * time.Minute)
	moved := 0
	for _, x := range s.shed {
		moved += x.n
	}
	assert.InDelta(t, 33, s.of("c").Connections, 2)
	assert.LessOrEqual(t, moved, 36, "nobody moves to where it was")
}

func TestInvariant13Rate(t *testing.T) {
	s := newSettled(t, Policy{RebalanceRate: 0.02}, 500, named("a", "b")...)
	s.list(named("b")...)
	s.run(time.Minute)
	require.NotEmpty(t, s.shed)
	for i := range s.shed {
		sum := 0
		for _, later := range s.shed[i:] {
			sum += later.n
			span := later.at.Sub(s.shed[i].at).Seconds()
			require.LessOrEqual(t, float64(sum), 0.02*500*(span+1)+1, "10 in a second, and one second saved up")
		}
	}
	assert.Equal(t, Removed, s.of("a").Health, "at 10 a second, all have left")
	assert.Equal(t, 500, s.of("b").Connections)
}

// A handful of connections moves as well, only not so often.
func TestInvariant13Few(t *testing.T) {
	s := newSettled(t, Policy{}, 5, named("a", "b")...)
	s.list(named("b")...)
	s.run(3 * time.Minute)
	assert.Equal(t, Removed, s.of("a").Health)
	for i := range s.shed[1:] {
		assert.GreaterOrEqual(t, s.shed[i+1].at.Sub(s.shed[i].at), 16*time.Second, "1 %% of 5 a second")
	}
}

func TestInvariant13NotInAStorm(t *testing.T) {
	s := newSettled(t, Policy{StormSpread: time.Minute}, 100, named("a", "b")...)
	s.list(named("b")...)
	lost := 0
	for client := range 100 {
		if s.at[client] == s.index("b") && lost < 30 {
			s.loses(client, s.index("b"))
			delete(s.at, client)
			lost++
		}
	}
	require.True(t, s.storm)
	s.pass(time.Minute)
	assert.Empty(t, s.shed)
	s.pass(time.Minute + 2*time.Second)
	assert.False(t, s.storm)
	assert.NotEmpty(t, s.shed, "afterwards it goes on")
}

// Nobody is told to leave when there is nowhere to go.
func TestInvariant13NowhereToGo(t *testing.T) {
	s := newSettled(t, Policy{}, 50, named("a", "b")...)
	s.list(named("b")...)
	for client := 1000; !s.panics; client++ {
		s.ask(client)
		s.fails(client, heal.Refused)
	}
	s.pass(5 * time.Minute)
	assert.Empty(t, s.shed, "b is down, and a still works")
}

// Nobody is sent back to a tier that is in a panic, and nothing is levelled there.
func TestInvariant13NotInAPanic(t *testing.T) {
	s := newSettled(t, Policy{RebalanceAfter: 5 * time.Second, EjectFor: 10 * time.Minute, EjectCap: 20 * time.Minute}, 50, named("x:1")...)
	s.list(named("a", "b", "c", "x:1")...)
	s.pass(61 * time.Second)
	require.Zero(t, s.c.tier.priority)
	for client := 1000; !s.panics; client++ {
		s.ask(client)
		if e := s.where(client); e == s.index("c") {
			s.proves(client, s.opens(client, time.Millisecond))
		} else {
			s.fails(client, heal.Refused)
		}
	}
	s.shed = nil
	s.pass(5 * time.Second)
	for _, x := range s.shed { // one that is not exiled for it is tried out, no more
		assert.Equal(t, 1, x.n)
	}
	assert.LessOrEqual(t, len(s.shed), 1)
}

// One is asked to try an endpoint, and one only until its lease is over, however much is
// going on; and none of those that a better priority has.
func TestInvariant13Lure(t *testing.T) {
	w := newWorld(t, Policy{EjectAfter: 2, EjectShare: 1, RebalanceAt: -1}, named("a", "b:1", "c:2")...)
	for client := range 50 {
		w.connects(client)
	}
	down(w, "a")
	down(w, "b")
	for client := 100; client < 120; client++ {
		w.ask(client)
		require.Equal(t, w.index("c"), w.opens(client, time.Millisecond))
	}
	w.until("b", Probing)
	w.shed = nil
	for client := range 60 {
		w.pass(time.Second)
		w.step(Event{Kind: Lost, Client: client % 50, Planned: true}) // of a, and another comes
		w.step(Event{Kind: Opened, Client: client % 50})
	}
	perEndpoint := map[uint8]int{}
	for _, x := range w.shed {
		perEndpoint[x.from] += x.n
	}
	assert.Zero(t, perEndpoint[w.index("a")])
	assert.Positive(t, perEndpoint[w.index("c")])
	assert.LessOrEqual(t, len(w.shed), 6, "a and b, each at once and twice in a minute")
}

// Two connections over one endpoint too few cannot be balanced any better.
func TestInvariant13WholeConnections(t *testing.T) {
	for n := 1; n < 8; n++ {
		s := newSettled(t, Policy{Balance: LeastConnections}, n, named("a", "b", "c")...)
		assert.Zero(t, s.run(10*time.Minute), "%d over 3", n)
	}
}

func TestInvariant13Never(t *testing.T) {
	s := newSettled(t, Policy{RebalanceAt: -1}, 100, named("a")...)
	s.list(named("a", "b")...)
	assert.Zero(t, s.run(10*time.Minute))
}

// Shares follow weights.
func TestInvariant13Weights(t *testing.T) {
	s := newSettled(t, Policy{}, 200, Endpoint{Key: "a", Weight: 3}, Endpoint{Key: "b", Weight: 1})
	assert.InDelta(t, 150, s.of("a").Connections, 10)
	s.run(5 * time.Minute)
	s.list(Endpoint{Key: "a", Weight: 1}, Endpoint{Key: "b", Weight: 3})
	s.run(10 * time.Minute)
	assert.InDelta(t, 50, s.of("a").Connections, 8)
}

func TestInvariant14Failover(t *testing.T) {
	s := newSettled(t, Policy{}, 100, named("a:0", "b:1", "c:2")...)
	require.Equal(t, 100, s.of("a").Connections, "the best tier alone")
	for client := 1000; s.of("a").Health.ready(); client++ {
		s.ask(client)
		s.fails(client, heal.Refused)
	}
	s.ask(2000)
	assert.Equal(t, s.index("b"), s.where(2000), "at once")
	s.step(Event{Kind: Withdrawn, Client: 2000})
	for client := range 100 { // whoever was on a is lost, and goes to b
		s.loses(client, s.index("a"))
		s.at[client] = s.connects(client)
		require.Equal(t, s.index("b"), s.at[client])
	}

	s.until("a", Probing)
	began := s.now
	s.run(5 * time.Second) // one is asked to try
	require.Equal(t, 1, s.of("a").Connections)
	s.run(40 * time.Second)
	assert.Equal(t, Healthy, s.of("a").Health)
	assert.Equal(t, 1, s.of("a").Connections, "held")
	s.ask(3000)
	assert.Equal(t, s.index("b"), s.where(3000), "held for new ones as well")
	s.step(Event{Kind: Withdrawn, Client: 3000})
	s.run(3 * time.Minute)
	assert.Equal(t, 100, s.of("a").Connections, "all are back")
	for _, x := range s.shed[1:] {
		assert.GreaterOrEqual(t, x.at, began.Add(60*time.Second))
	}
}

// The hold is exact, a refresh of the list does not end it, and a tier that is better still
// has one of its own.
func TestInvariant14HoldIsExact(t *testing.T) {
	w := newWorld(t, Policy{EjectAfter: 2, EjectShare: 1, EjectFor: 20 * time.Second}, named("a", "b:1", "c:2")...)
	sent := func() string {
		w.ask(9)
		defer w.step(Event{Kind: Withdrawn, Client: 9})
		return w.keys[w.where(9)]
	}
	down(w, "a")
	down(w, "b")
	require.Equal(t, "c", sent())
	back := func(key string) {
		w.until(key, Probing)
		for client := 1; ; client++ {
			w.ask(client)
			e := w.opens(client, time.Millisecond)
			w.proves(client, e)
			if e == w.index(key) {
				return
			}
		}
	}
	w.until("a", Probing)
	w.until("b", Probing)
	w.ask(1) // the probe of a fails, so b comes first
	w.fails(1, heal.Refused)
	back("b")
	b := w.now
	back("a")
	between := w.now.Sub(b)
	require.True(t, 10*time.Second < between && between < 50*time.Second, "%v", between)
	w.pass(30 * time.Second)
	w.list(named("a", "b:1", "c:2")...)
	assert.Equal(t, "c", sent())
	w.pass(30*time.Second - between)
	assert.Equal(t, "c", sent(), "b's minute is over, a's is not")
	w.pass(between - 1)
	assert.Equal(t, "c", sent())
	w.pass(1)
	assert.Equal(t, "a", sent())
}

// A tier that comes and goes is not gone back to.
func TestInvariant14Hold(t *testing.T) {
	w := newWorld(t, Policy{}, named("a:0", "b:1")...)
	for range 5 {
		for client := 1000; w.of("a").Health.ready(); client++ {
			w.ask(client)
			if e := w.where(client); e == w.index("a") {
				w.fails(client, heal.Refused)
			} else { // held at b: what fails is the connection that a has
				w.step(Event{Kind: Withdrawn, Client: client})
				w.dies(1, w.index("a"))
			}
		}
		w.until("a", Probing)
		w.ask(1)
		require.Equal(t, w.index("a"), w.where(1), "the probe")
		w.proves(1, w.opens(1, time.Millisecond))
		w.pass(29 * time.Second)
		w.ask(2)
		assert.Equal(t, w.index("b"), w.where(2))
		w.step(Event{Kind: Withdrawn, Client: 2})
	}
}
