package toxi

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// remembered is of how many orders the connection keeps something.
func (x *tapped) remembered() int {
	c := x.lane.conn
	orders := map[any]bool{}
	c.memories.Range(func(o, _ any) bool {
		orders[o] = true
		return true
	})
	for _, l := range []*lane{c.up, c.down} {
		l.mu.Lock()
		for o := range l.noted {
			orders[o] = true
		}
		for o := range l.memories {
			orders[o] = true
		}
		l.mu.Unlock()
	}
	return len(orders)
}

// A connection that outlives its faults remembers none of them, and what they counted is
// known all the same.
func TestAConnectionForgetsFaultsThatAreOver(t *testing.T) {
	const text = "\x81\x01a"
	for kind, attributes := range map[string]string{
		"latency":       `{"delay":1000000,"jitter":1000,"correlation":0.5}`,
		"bandwidth":     `{"rate":1000}`,
		"idle_drop":     `{"idle":3600000000000}`,
		"lifetime":      `{"after":3600000000000}`,
		"limit":         `{"bytes":1000000}`,
		"ws_dup":        `{}`,
		"ws_ping_flood": `{"rate":1}`,
		"partition":     `{"flap":{"up":10000000,"down":10000000}}`,
	} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := tapLane(t)
				x.bridge()
				x.lane.conn.opened = time.Now()
				o := x.add("f", kind, attributes)
				x.put(text + text)
				x.get()
				assert.Equal(t, 1, x.remembered(), "the test looks where something is")
				x.put(text)
				x.p.remove("f")
				assert.Zero(t, x.remembered())
				x.crossed() // what it had delayed or kept
				assert.Zero(t, x.remembered())
				assert.Equal(t, 1, o.evidence().Targeted)
				close(x.in)
				x.crossed()
			})
		})
	}
}

// One that comes in the place of another leaves what is remembered of itself alone.
func TestAReplacedFaultIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := tapLane(t)
		x.add("f", "latency", `{"delay":1000000,"correlation":0.5,"jitter":1000}`)
		x.put("x")
		x.get()
		before := x.p.find("f")
		again, err := parseToxic([]byte(`{"name":"f","type":"latency","attributes":{"delay":1000000}}`))
		require.NoError(t, err)
		require.NoError(t, x.p.add(again, before))
		assert.Zero(t, x.remembered())
		x.put("y")
		x.get()
		assert.Equal(t, 1, x.remembered())
		close(x.in)
		x.crossed()
	})
}

// What was remembered of a message is kept to its end, also when the fault is over by then,
// and dropped with it.
func TestAClaimOutlivesItsFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := tapLane(t)
		x.bridge()
		x.add("cut", "ws_corrupt", `{"what":"length"}`)
		x.put("\x81\xfe") // what is left of the length is still to come, and not to go on
		x.p.remove("cut")
		assert.Equal(t, 1, x.remembered())
		x.put("\x00\x01\x00\x00\x00\x00a")
		close(x.in)
		assert.Equal(t, "\x81\xff\x80\x00\x00\x00\x00\x00\x00\x00"+"\x00\x00\x00\x00a"+"end", x.crossed())
		assert.Zero(t, x.remembered())
	})
}

// Of what acts once nothing is remembered, on whom it could not act, either.
func TestWhatActsOnceIsForgottenAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := tapLane(t)
		x.p.accepted.Store(1)
		x.lane.conn.who.Store(&identity{client: 7, opaque: true})
		o := x.add("bye", "ws_close", `{"code":1001}`)
		assert.EqualValues(t, 1, o.evidence().Count("opaque"))
		assert.Zero(t, x.remembered())
		close(x.in)
		assert.Equal(t, "end", x.crossed())
	})
}
