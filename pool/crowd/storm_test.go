package crowd

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/heal"
)

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
	assert.Contains(t, acts, Action{Kind: Scatter, Client: -1, N: 20, Within: 5 * time.Second})
	scattered, alone := 0, 0
	for client := 20; client < 100; client++ {
		for _, a := range w.loses(client, at[client]) {
			if a.Kind == Scatter && a.Client < 0 {
				scattered++
			} else if a.Kind == Scatter {
				assert.Equal(t, Action{Kind: Scatter, Client: client, N: 1, Within: 5 * time.Second}, a)
				alone++
			}
		}
	}
	assert.Equal(t, 2, scattered, "at 40 and at 80")
	assert.Equal(t, 78, alone, "the others as they are lost")
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
// they were busy, and only then.
func TestInvariant11Window(t *testing.T) {
	for name, tt := range map[string]struct {
		dials  int             // that may be under way
		spells []time.Duration // of 20 clients each: one comes in so long
		want   float64
	}{
		"busy, 10 a second":              {1, []time.Duration{100 * time.Millisecond, 100 * time.Millisecond, 100 * time.Millisecond}, 6},
		"idle, 2 a second":               {64, []time.Duration{500 * time.Millisecond, 500 * time.Millisecond, 500 * time.Millisecond}, 5},
		"busy, first 10, later 5":        {1, []time.Duration{100 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond}, 7.7},
		"busy, first 5, later 10":        {1, []time.Duration{200 * time.Millisecond, 100 * time.Millisecond, 100 * time.Millisecond}, 6},
		"busy, 1 in 10 s, 5 min at most": {1, []time.Duration{10 * time.Second, 10 * time.Second, 10 * time.Second}, 300},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Policy{EndpointDials: tt.dials, StormShare: 1, RebalanceAt: -1}, named("a")...)
			if tt.dials == 1 { // all wait
				for client := range 61 {
					w.ask(client)
				}
			}
			for client := range 60 {
				w.pass(tt.spells[client/20])
				if tt.dials > 1 {
					w.ask(client)
				}
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
					assert.InDelta(t, tt.want, a.Within.Seconds(), tt.want/8)
					return
				}
			}
			t.Fatal("nothing was scattered")
		})
	}
}

// What a few handshakes between two outages took is no pace: a storm after that is spread
// like one of which nothing is known, and not over minutes.
func TestInvariant11WindowAfterAnOutage(t *testing.T) {
	w := newWorld(t, Policy{EndpointDials: 4, StormShare: 1, EjectAfter: 100, RebalanceAt: -1}, named("a")...)
	for client := range 40 {
		w.ask(client)
	}
	w.opens(0, time.Millisecond)
	w.pass(10 * time.Second) // the others hang
	for client := 1; client < 5; client++ {
		w.fails(client, heal.Timeout)
	}
	w.pass(2 * time.Second)
	assert.Zero(t, w.c.pace.seen(w.now))
}

// A pace that was measured is believed for a minute.
func TestInvariant11PaceHolds(t *testing.T) {
	w := newWorld(t, Policy{EndpointDials: 1, StormShare: 1, RebalanceAt: -1}, named("a")...)
	for client := range 61 {
		w.ask(client)
	}
	for client := range 60 {
		w.pass(100 * time.Millisecond)
		w.opens(client, 100*time.Millisecond)
	}
	at := w.c.pace.until
	assert.InDelta(t, 10, w.c.pace.seen(at-1), 1)
	assert.Zero(t, w.c.pace.seen(at))
}
