package failures

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool"
	"github.com/wsheal/wsheal/pool/crowd"
	"github.com/wsheal/wsheal/pool/driver"
)

// breaker is the textbook's ejection of hosts: out after 5 failures in a row, for 30 s
// times the number of ejections so far, then one probe.
type breaker struct {
	w       *world
	hosts   []*host
	next    int
	forgets bool // a failure that is told by a timeout is not reported: who waited has left

	mu       sync.Mutex
	ejection []time.Duration // how long each was
}

type host struct {
	url      string
	failures int
	times    int
	until    time.Duration
	probing  bool
}

func newBreaker(w *world, urls ...string) *breaker {
	b := &breaker{w: w}
	for _, url := range urls {
		b.hosts = append(b.hosts, &host{url: url})
	}
	return b
}

func (b *breaker) flaws() flaws { return flaws{url: b.pick, report: b.report} }

// pick returns the next host that is not out; "" when all are, which cannot be dialled.
func (b *breaker) pick() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	for range b.hosts {
		h := b.hosts[b.next%len(b.hosts)]
		b.next++
		switch {
		case h.until == 0:
			return h.url
		case b.w.now() >= h.until && !h.probing:
			h.probing = true
			return h.url
		}
	}
	return "ws://:0/"
}

func (b *breaker) report(url string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, h := range b.hosts {
		if h.url != url || b.forgets && errors.As(err, new(interface{ Timeout() bool })) && h.probing {
			continue
		}
		if err == nil {
			h.failures, h.until, h.probing = 0, 0, false
			continue
		}
		h.failures++
		if h.failures >= 5 || h.probing {
			h.times++
			h.probing = false
			d := min(time.Duration(h.times)*30*time.Second, 5*time.Minute)
			h.until = b.w.now() + d
			b.ejection = append(b.ejection, d)
		}
	}
}

// TestOnlyHostEjected: there is one host, it was away, and it is kept out of use for minutes
// after it is back.
func TestOnlyHostEjected(t *testing.T) {
	assertSymptom(t, "it is there, and not dialled for more than a minute", func(w *world) bool {
		w.a.down()
		b := newBreaker(w, "ws://10.0.0.1:80/")
		c := w.open(b.flaws(), nil)
		settle(20 * time.Minute)
		w.a.up()
		up := w.now()
		for !c.connected() && w.now() < up+time.Hour {
			settle(time.Second)
		}
		require.True(w, c.connected())
		return w.now()-up > time.Minute
	})
}

// TestWedgeInHalfOpen: a host is probed, nobody tells how it went, and the breaker waits for
// that for ever.
func TestWedgeInHalfOpen(t *testing.T) {
	assertSymptom(t, "a host that is healthy gets no connection", func(w *world) bool {
		b := newBreaker(w, "ws://10.0.0.1:80/", "ws://10.0.0.2:80/")
		b.forgets = true
		w.a.down()
		if w.ours {
			w.pool(4, twoHosts)
		} else {
			w.alone(4, b.flaws(), nil)
		}
		settle(time.Minute)
		// Now it accepts and is silent; whoever is connected elsewhere comes by again.
		w.a.behave(func(c *served) { <-w.quit })
		w.a.up()
		for range 10 {
			settle(time.Minute)
			w.b.reset()
		}
		w.a.behave(nil)
		from := w.now()
		for range 20 {
			settle(time.Minute)
			w.b.reset()
		}
		return len(w.dialedTo("10.0.0.1:80", from)) == 0 || len(w.a.open()) == 0
	})
}

func twoHosts(c *pool.Config) {
	c.Endpoints = []pool.Endpoint{{Name: "a", URL: "ws://a:80/"}, {Name: "b", URL: "ws://b:80/"}}
}

// TestEjectionMultiplierNeverResets: each ejection is longer than the one before, whatever
// lies between.
func TestEjectionMultiplierNeverResets(t *testing.T) {
	naive, ours := both(t, func(w *world) (ejected []time.Duration) {
		b := newBreaker(w, "ws://10.0.0.1:80/", "ws://10.0.0.2:80/")
		var watch *pool.Watch
		if w.ours {
			watch = w.pool(4, twoHosts).Watch(w.Context())
		} else {
			w.alone(4, b.flaws(), nil)
		}
		settle(time.Hour)
		for range 6 {
			w.a.down()
			for range 3 { // those at the other host come by
				settle(7 * time.Second)
				w.b.reset()
			}
			settle(9 * time.Second)
			w.a.up()
			settle(5 * time.Minute)
			w.b.reset()
			settle(5 * time.Hour)
		}
		if !w.ours {
			return b.ejection
		}
		var out time.Time
		for ev := range watch.Events(w.within(time.Second)) {
			switch {
			case ev.Kind != pool.EndpointChanged || ev.Endpoint[0] != 'a':
			case ev.Health == crowd.Ejected:
				out = ev.At
			case ev.Health == crowd.Probing && !out.IsZero():
				ejected = append(ejected, ev.At.Sub(out))
			}
		}
		return ejected
	})
	require.GreaterOrEqual(t, len(naive), 3)
	assert.Greater(t, slices.Max(naive), 2*time.Minute)
	require.GreaterOrEqual(t, len(ours), 3)
	assert.LessOrEqual(t, slices.Max(ours), 73*time.Second, "ours: at most the second in a row, twice 30 s ±20 %%, and its timer: %v", ours)
}

// TestBlackHoleAddress: a name has two addresses, and the first of them swallows what it is
// sent. Whoever tries it first, and for as long as the attempt may take, never gets to the
// second.
func TestBlackHoleAddress(t *testing.T) {
	t.Run("raced", func(t *testing.T) {
		naive, ours := both(t, func(w *world) time.Duration {
			w.hosts["a"] = []string{"10.0.0.9", "10.0.0.1"}
			w.swallow("10.0.0.9:80")
			w.alone(1, flaws{url: func() string { return "ws://10.0.0.9:80/" }}, nil)
			for w.now() < 10*time.Minute && len(w.a.open()) == 0 {
				settle(10 * time.Millisecond)
			}
			return w.now()
		})
		assert.Equal(t, 10*time.Minute, naive)
		assert.Equal(t, 250*time.Millisecond, ours, "ours: the next address is tried beside it")
	})
	t.Run("an endpoint each", func(t *testing.T) {
		inWorld(t, true, func(w *world) {
			w.hosts["a"] = []string{"10.0.0.9", "10.0.0.1"}
			w.swallow("10.0.0.9:80")
			w.pool(4, nil)
			settle(30 * time.Second)
			assert.Len(w, w.a.open(), 4)
			assert.LessOrEqual(w, len(w.dialedTo("10.0.0.9:80", 0)), 8)
		})
	})
}

// TestTheNameIsNeverResolvedAgain: the service has moved, its name leads to where it is now,
// and the client dials where it was.
func TestTheNameIsNeverResolvedAgain(t *testing.T) {
	assertSymptom(t, "it dials the address of yesterday", func(w *world) bool {
		c := w.open(flaws{}, nil)
		settle(time.Minute)
		require.True(w, c.connected())
		w.mu.Lock()
		w.hosts["a"] = []string{"10.0.0.2"}
		w.mu.Unlock()
		w.a.down()
		settle(5 * time.Minute)
		return len(w.b.open()) == 0
	})
}

// TestNeverRebalances: a host is added, or back, and everybody stays where he is.
func TestNeverRebalances(t *testing.T) {
	assertSymptom(t, "the new host stays idle", func(w *world) bool {
		const clients = 20
		var p *healed
		if w.ours {
			p = w.pool(clients, nil)
		} else {
			w.alone(clients, flaws{}, nil)
		}
		settle(time.Minute)
		require.Len(w, w.a.open(), clients)
		if p != nil {
			var c pool.Config
			twoHosts(&c)
			require.NoError(w, p.SetEndpoints(c.Endpoints))
		}
		until := w.now() + time.Hour
		for w.now() < until {
			settle(time.Second)
			if p != nil {
				require.Equal(w, clients, p.Snapshot().Usable, "and nobody is without a connection meanwhile")
			}
		}
		a, b := len(w.a.open()), len(w.b.open())
		require.Equal(w, clients, a+b)
		return float64(max(a, b)) > 1.25*clients/2
	})
}

// TestOneHostOfTwo is for the fleet whose clients are alone: they, too, go elsewhere.
func TestOneHostOfTwo(t *testing.T) {
	naive, ours := both(t, func(w *world) int {
		w.a.down()
		w.alone(10, flaws{}, func(o *driver.Options) {
			o.Endpoints = append(o.Endpoints, driver.Endpoint{Name: "b", URL: "ws://b:80/"})
		})
		settle(time.Minute)
		return len(w.b.open())
	})
	assert.Zero(t, naive)
	assert.Equal(t, 10, ours)
}
