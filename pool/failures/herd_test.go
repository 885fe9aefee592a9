package failures

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool"
)

const herd = 200

func newDraw() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// partysocket waits 3 s; phoenix has a table. Neither draws.
func partysocket(int) time.Duration { return 3 * time.Second }

func phoenix(n int) time.Duration {
	table := []time.Duration{10, 50, 100, 150, 200, 250, 500, 1000, 2000, 5000}
	return table[min(n, len(table))-1] * time.Millisecond
}

// TestSynchronisedReconnects: all connections are lost at once, and the server is away for a
// minute. Clients whose delays are a table come back as one, each time.
func TestSynchronisedReconnects(t *testing.T) {
	for name, delay := range map[string]func(int) time.Duration{"partysocket": partysocket, "phoenix": phoenix} {
		t.Run(name, func(t *testing.T) {
			type found struct {
				share  float64 // of the herd, in the worst 100 ms
				second float64 // dials per client in the first second
			}
			naive, ours := both(t, func(w *world) found {
				w.alone(herd, flaws{delay: delay}, nil)
				settle(time.Minute)
				lost := w.now()
				w.a.down()
				settle(time.Minute)
				all := w.dialed(lost)
				require.GreaterOrEqual(w, len(all), herd)
				first := len(all) - len(w.dialed(lost+time.Second))
				w.a.up()
				settle(time.Minute)
				require.Len(w, w.a.open(), herd, "and all of them come back")
				return found{float64(peak(all, 100*time.Millisecond)) / herd, float64(first) / herd}
			})
			assert.GreaterOrEqual(t, naive.share, 1.0)
			assert.Less(t, ours.share, 0.15, "ours: U(0, 5 s) at first, equal jitter afterwards")
			assert.Less(t, ours.second, 0.4, "ours: a fifth of them in the first second")
			if name == "phoenix" {
				assert.GreaterOrEqual(t, naive.second, 6.0)
			}
		})
	}
}

// TestAHerdInOnePool: connections that share are lost together, and the pool sees that.
func TestAHerdInOnePool(t *testing.T) {
	naive, ours := both(t, func(w *world) float64 {
		if w.ours {
			w.pool(herd, nil)
		} else {
			w.alone(herd, flaws{delay: partysocket}, nil)
		}
		settle(2 * time.Minute)
		require.Len(w, w.a.open(), herd)
		lost := w.now()
		w.a.reset()
		settle(2 * time.Minute)
		require.Len(w, w.a.open(), herd)
		return float64(peak(w.dialed(lost), 100*time.Millisecond)) / herd
	})
	assert.InDelta(t, 1.0, naive, 0)
	assert.Less(t, ours, 0.10)
}

// TestHandshakesUnlimited: a cold start opens everything at once, and a server that takes a
// second for a handshake has all of them at hand.
func TestHandshakesUnlimited(t *testing.T) {
	naive, ours := both(t, func(w *world) int {
		w.a.behave(func(c *served) {
			c.sleep(time.Second)
			if c.upgrade() {
				c.listen()
			}
		})
		if w.ours {
			w.pool(herd, nil)
		} else {
			w.alone(herd, flaws{}, nil)
		}
		settle(time.Minute)
		require.Len(w, w.a.open(), herd)
		return peak(w.dialed(0), time.Second)
	})
	assert.Equal(t, herd, naive)
	assert.LessOrEqual(t, ours, 64, "ours: crowd.Policy.EndpointDials at once")
}

// TestPlannedCloseIsAStorm: a server that is deployed says 1001 to everybody, and everybody is
// back at once.
func TestPlannedCloseIsAStorm(t *testing.T) {
	for _, code := range []ws.StatusCode{1001, 1012} {
		t.Run(strconv.Itoa(int(code)), func(t *testing.T) {
			naive, ours := both(t, func(w *world) float64 {
				w.alone(herd, flaws{delay: func(int) time.Duration { return 0 }}, nil)
				settle(time.Minute)
				closed := w.now()
				w.a.dismiss(code)
				settle(time.Minute)
				require.Len(w, w.a.open(), herd)
				all := w.dialed(closed)
				require.Len(w, all, herd)
				return float64(peak(all, 100*time.Millisecond)) / herd
			})
			assert.InDelta(t, 1.0, naive, 0)
			assert.Less(t, ours, 0.10)
		})
	}
}

// TestTheServersWindowIsIgnored: the server tells over how long it wants its clients to
// come back.
func TestTheServersWindowIsIgnored(t *testing.T) {
	naive, ours := both(t, func(w *world) (late int) {
		var p *healed
		if w.ours {
			p = w.pool(herd, nil)
		} else {
			w.alone(herd, flaws{}, nil)
		}
		settle(2 * time.Minute)
		if p != nil {
			p.Window(time.Minute)
		}
		closed := w.now()
		w.a.dismiss(1001)
		settle(2 * time.Minute)
		require.Len(w, w.a.open(), herd)
		return len(w.dialed(closed + 30*time.Second))
	})
	assert.Zero(t, naive)
	assert.InDelta(t, herd/2, ours, herd/8, "ours: half of them in the second half of the window")
}

// TestPlannedMoveBreaksFirst: a connection has the age to be replaced, and until its
// successor is there is none.
func TestPlannedMoveBreaksFirst(t *testing.T) {
	assertSymptom(t, "there was a moment without a connection", func(w *world) (broke bool) {
		c := w.open(flaws{lifeEnd: 10 * time.Minute}, func(c *pool.Config) {
			c.Policy = pool.DefaultPolicy()
			c.Policy.Lifetime = 10 * time.Minute
		})
		settle(time.Minute)
		until := w.now() + time.Hour
		for w.now() < until {
			settle(100 * time.Millisecond)
			broke = broke || !c.connected()
		}
		require.Greater(w, len(w.dialed(0)), 5, "it is replaced")
		return broke
	})
}

// TestLifetimesExpireTogether: what was opened together ends together, every time.
func TestLifetimesExpireTogether(t *testing.T) {
	naive, ours := both(t, func(w *world) float64 {
		if w.ours {
			w.pool(herd, func(c *pool.Config) {
				c.Policy = pool.DefaultPolicy()
				c.Policy.Lifetime = 10 * time.Minute
			})
		} else {
			w.alone(herd, flaws{lifeEnd: 10 * time.Minute, delay: func(int) time.Duration { return 0 }}, nil)
		}
		settle(14 * time.Minute)
		all := w.dialed(time.Minute)
		require.Len(w, all, herd)
		return float64(peak(all, time.Second)) / herd
	})
	assert.InDelta(t, 1.0, naive, 0)
	assert.Less(t, ours, 0.1, "ours: over a tenth of the lifetime, a minute")
}

// TestPingsInStep: connections that were opened together are pinged together, for ever.
func TestPingsInStep(t *testing.T) {
	naive, ours := both(t, func(w *world) float64 {
		w.alone(herd, flaws{pings: true}, nil)
		settle(time.Minute)
		w.a.mu.Lock()
		w.a.pings = nil
		w.a.mu.Unlock()
		settle(9500 * time.Millisecond)
		w.a.mu.Lock()
		defer w.a.mu.Unlock()
		return float64(peak(w.a.pings, 100*time.Millisecond)) / herd
	})
	assert.InDelta(t, 1.0, naive, 0)
	assert.Less(t, ours, 0.10)
}
