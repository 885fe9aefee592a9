package pool

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWatchKeepsTheLatest(t *testing.T) {
	var ws watchers
	fast, slow := ws.add(context.Background()), ws.add(context.Background())
	for n := range 3*watchRing + 7 {
		ws.publish(Event{Kind: Resized, N: n})
		ev, err := fast.Next(context.Background())
		require.NoError(t, err)
		assert.Equal(t, Event{Kind: Resized, N: n}, ev)
	}
	first, err := slow.Next(context.Background())
	require.NoError(t, err)
	assert.Equal(t, Event{Kind: Resized, N: 2*watchRing + 7, Skipped: 2*watchRing + 7}, first)
	ws.end()
	n := first.N
	for ev := range slow.Events(context.Background()) {
		n++
		assert.Equal(t, Event{Kind: Resized, N: n}, ev)
	}
	assert.Equal(t, 3*watchRing+6, n, "what was there when the pool ended is read")
	for range 2 {
		_, err = slow.Next(context.Background())
		require.ErrorIs(t, err, ErrClosed)
	}
	late := ws.add(context.Background())
	_, err = late.Next(context.Background())
	require.ErrorIs(t, err, ErrClosed)
}

func TestWatchEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ws watchers
		ctx, cancel := context.WithCancel(t.Context())
		w := ws.add(ctx)
		var err error
		go func() { _, err = w.Next(context.Background()) }()
		synctest.Wait()
		cancel()
		synctest.Wait()
		require.ErrorIs(t, err, context.Canceled)
		assert.Empty(t, ws.all, "nothing is kept for one who has left")

		w = ws.add(context.Background())
		own, stop := context.WithCancel(t.Context())
		stop()
		_, err = w.Next(own)
		require.ErrorIs(t, err, context.Canceled)
		ws.publish(Event{N: 1})
		ev, err := w.Next(context.Background())
		require.NoError(t, err)
		assert.Equal(t, 1, ev.N)
	})
}

func TestEventNames(t *testing.T) {
	for k := range Shut + 1 {
		assert.NotEmpty(t, k.String())
	}
	assert.Equal(t, "unknown", (Shut + 1).String())
}
