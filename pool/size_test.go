package pool

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestThePoolGrowsWithDemandAndShrinksWithout(t *testing.T) {
	inWorld(t, func(c *Config) { c.Max, c.AnswerWithin = 12, 10*time.Second }, func(w *world) {
		w.mute()
		w.net.Latency = 100 * time.Millisecond
		before := 0
		for i := range 140 {
			if i == 60 { // those that are needed are on their way, and will not be enough
				time.Sleep(50 * time.Millisecond)
				before = w.pool.Snapshot().Size
				assert.Greater(w, before, 3)
			}
			_, err := w.pool.Send(w.Context(), text("req %d", i))
			require.NoError(w, err)
		}
		assert.Equal(w, before, w.pool.Snapshot().Size)
		time.Sleep(2 * time.Second)
		assert.Equal(w, 11, w.pool.Snapshot().Usable, "140 in flight, 16 each at 80 %")
		resized := of(Resized, w.events())
		require.NotEmpty(w, resized)
		assert.Equal(w, 11, resized[len(resized)-1].N)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		assert.Equal(w, 2, w.pool.Snapshot().Usable)
		assert.Len(w, w.a.open(), 2)
		assert.Empty(w, of(Lost, w.events()), "they were closed, not lost")
	})
}

func TestResize(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		require.NoError(w, w.pool.Resize(6, 10))
		time.Sleep(time.Second)
		assert.Equal(w, 6, w.pool.Snapshot().Usable)
		w.mute()
		for i := range 12 {
			_, err := w.pool.Send(w.Context(), text("req %d", i))
			require.NoError(w, err)
		}
		synctest.Wait()
		require.NoError(w, w.pool.Resize(1, 3))
		time.Sleep(time.Second)
		assert.Equal(w, 3, w.pool.Snapshot().Size)
		assert.Len(w, w.a.open(), 6, "those that go finish what is in flight")
		for _, c := range w.a.open() {
			for _, got := range c.texts() {
				c.say("res" + got[3:])
			}
		}
		time.Sleep(time.Second)
		assert.Len(w, w.a.open(), 3)
		assert.Equal(w, uint64(12), w.pool.Snapshot().Totals.Outcomes[Acked])
		require.Error(w, w.pool.Resize(3, 2))
		require.Error(w, w.pool.Resize(0, 0))
		require.NoError(w, w.pool.Close(context.Background()))
		require.ErrorIs(w, w.pool.Resize(1, 1), ErrClosed)
	})
}

func TestConnectionsOnDemand(t *testing.T) {
	inWorld(t, func(c *Config) { c.Min, c.MinReady = -1, -1 }, func(w *world) {
		time.Sleep(time.Hour)
		assert.Empty(w, w.a.all())
		m, err := w.pool.Request(w.within(time.Minute), text("req 1"))
		require.NoError(w, err)
		assert.Equal(w, "res 1", string(m.Payload))
		assert.Len(w, w.a.all(), 1)
		time.Sleep(time.Hour)
		assert.Empty(w, w.a.open(), "and gone when they are not used")
	})
}

// TestAnOutageDoesNotBlowThePoolUp: those who wait for a server that is down do not wait
// for more connections to it.
func TestAnOutageDoesNotBlowThePoolUp(t *testing.T) {
	inWorld(t, func(c *Config) { c.Max = 50 }, func(w *world) {
		w.a.down()
		synctest.Wait()
		for range 200 {
			go func() { _, _ = w.pool.Send(w.within(20*time.Second), text("lost")) }()
		}
		time.Sleep(20 * time.Second)
		synctest.Wait()
		assert.Equal(w, 2, w.pool.Snapshot().Size)
	})
}
