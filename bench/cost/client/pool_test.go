package client

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/bench/cost/server"
)

// TestAWatchThatFellBehindCounts those that are back, each once.
func TestAWatchThatFellBehindCounts(t *testing.T) {
	s, err := server.Listen()
	require.NoError(t, err)
	t.Cleanup(s.Close)
	var opened, usable atomic.Int64
	conns, err := poolClient{}.Open(t.Context(), Options{
		URLs: s.URLs, Conns: 4, InFlight: 4,
		Opened: func(int) { opened.Add(1) },
		Usable: func(int) { usable.Add(1) },
		Failed: func(_ int, err error) { t.Error(err) },
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conns.Close(context.Background())) })
	assert.Equal(t, int64(4), opened.Load())
	c := conns.(*poolConns)
	c.told -= 2 // as if it had not seen two events; none is on its way
	for range 2 {
		c.count()
		assert.Equal(t, int64(6), opened.Load())
		assert.Equal(t, int64(6), usable.Load())
	}
}
