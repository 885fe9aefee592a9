package failures

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool"
	"github.com/wsheal/wsheal/pool/driver"
)

// TestBackoffResetOnOpen: a server in trouble that accepts and then closes is hammered for
// as long as the trouble lasts, when the 101 alone counts as success, or a pong.
func TestBackoffResetOnOpen(t *testing.T) {
	for name, life := range map[string]func(*served){
		"closed at once": func(c *served) { c.upgrade() },
		"closed after the first pong": func(c *served) {
			if c.upgrade() {
				go func() {
					c.sleep(time.Second)
					c.reset()
				}()
				c.listen()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			naive, ours := both(t, func(w *world) int {
				w.a.behave(life)
				w.open(flaws{resetsOnOpen: true}, nil)
				settle(20 * time.Minute)
				return len(w.dialed(10 * time.Minute))
			})
			assert.Greater(t, naive, 300, "naive: about one dial a second, for ever")
			assert.LessOrEqual(t, ours, 40, "ours: no more than every 15 s, half the cap")
			assert.GreaterOrEqual(t, ours, 10, "ours: and it goes on")
		})
	}
}

// TestDNSRefreshResetsBackoff: resolving the name again makes the endpoint a new one,
// whose backoff begins afresh.
func TestDNSRefreshResetsBackoff(t *testing.T) {
	naive, ours := both(t, func(w *world) int {
		w.a.down()
		w.open(flaws{refreshes: true}, func(c *pool.Config) { c.ResolveEvery = 10 * time.Second })
		settle(20 * time.Minute)
		return len(w.dialed(10 * time.Minute))
	})
	assert.Greater(t, naive, 60, "naive: at least 4 dials in each 30 s")
	assert.LessOrEqual(t, ours, 40, "ours: no more than every 15 s")
	assert.GreaterOrEqual(t, ours, 10)
}

// TestGivesUpForGood: after a number of attempts the client stops, and the server comes
// back a little later.
func TestGivesUpForGood(t *testing.T) {
	type found struct {
		attempts int
		back     bool
	}
	naive, ours := both(t, func(w *world) found {
		w.a.down()
		c := w.open(flaws{attempts: 60, delay: func(int) time.Duration { return 2 * time.Second }}, nil)
		settle(2 * time.Hour)
		f := found{attempts: len(w.dialed(0))}
		w.a.up()
		settle(30 * time.Second)
		f.back = c.connected()
		return f
	})
	assert.Equal(t, found{attempts: 60}, naive)
	assert.Greater(t, ours.attempts, 60)
	assert.True(t, ours.back, "ours: within the backoff's cap, however long the outage was")
}

// TestZeroDelayBetweenServers: the delay comes when the whole list was tried, so that a
// list of three gets three times the dials, in bursts.
func TestZeroDelayBetweenServers(t *testing.T) {
	urls := []string{"ws://10.0.0.1:80/", "ws://10.0.0.2:80/", "ws://10.0.0.3:80/"}
	naive, ours := both(t, func(w *world) time.Duration {
		w.a.down()
		w.b.down()
		next := 0
		w.open(flaws{
			url: func() string { next++; return urls[(next-1)%len(urls)] },
			delay: func(n int) time.Duration {
				if n%len(urls) != 0 {
					return 0
				}
				return 2 * time.Second
			},
		}, func(c *pool.Config) {
			c.Endpoints = nil
			for _, url := range urls {
				c.Endpoints = append(c.Endpoints, pool.Endpoint{URL: url})
			}
		})
		settle(10 * time.Minute)
		dials := w.dialed(0)
		require.Greater(w, len(dials), 10)
		return slices.Min(gaps(dials))
	})
	assert.Zero(t, naive)
	assert.GreaterOrEqual(t, ours, 500*time.Millisecond, "ours: at least half the backoff's base before every dial")
}

// TestCapFreezesJitter: jitter that is drawn before the cap is cut off by it, and clients at
// the cap, all of them after a while, never disperse again.
func TestCapFreezesJitter(t *testing.T) {
	const limit = 30 * time.Second
	type found struct{ atCap, alike int }
	naive, ours := both(t, func(w *world) (f found) {
		w.a.down()
		draw := newDraw()
		w.alone(1, flaws{delay: func(n int) time.Duration {
			return min(limit, time.Duration(float64(time.Second<<min(n, 10))*(0.5+draw.Float64())))
		}}, func(o *driver.Options) { o.Policy.Backoff.Cap = limit })
		settle(time.Hour)
		late := gaps(w.dialed(10 * time.Minute))
		require.Greater(w, len(late), 90)
		for i, gap := range late {
			if gap == limit {
				f.atCap++
			}
			if i > 0 && gap == late[i-1] {
				f.alike++
			}
		}
		if w.ours {
			assert.GreaterOrEqual(w, slices.Min(late), limit/2)
			assert.Less(w, slices.Max(late), limit)
		}
		return f
	})
	assert.Greater(t, naive.atCap, 90, "naive: nearly every delay is the cap")
	assert.Greater(t, naive.alike, 90)
	assert.Zero(t, ours)
}
