package crowd

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

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
