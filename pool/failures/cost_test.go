package failures

import (
	"context"
	"net"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool"
)

// TestLeaseLeak: somebody takes a connection and does not give it back. The next waits for
// ever, and nobody knows for whom.
func TestLeaseLeak(t *testing.T) {
	t.Run("client=naive", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			connections := make(chan net.Conn, 1)
			connections <- nil
			<-connections // and never back
			select {
			case <-connections:
				assert.Fail(t, "there is one")
			case <-time.After(24 * time.Hour):
			}
		})
	})
	t.Run("client=ours", func(t *testing.T) {
		inWorld(t, true, func(w *world) {
			p := w.pool(1, nil)
			settle(time.Minute)
			watch := p.Watch(w.Context())
			l := forgetful(w, p)
			settle(2 * time.Minute)
			_, err := p.Acquire(w.within(time.Second))
			require.ErrorIs(w, err, context.DeadlineExceeded)
			ev, err := watch.Next(w.within(time.Second))
			require.NoError(w, err)
			assert.Equal(w, pool.LeaseLeaked, ev.Kind)
			assert.Contains(w, ev.Stack, "forgetful")
			assert.GreaterOrEqual(w, ev.Took, time.Minute)
			w.a.reset() // and it ends with its connection
			settle(time.Minute)
			require.ErrorIs(w, l.Err(), pool.ErrLeaseOver)
			again, err := p.Acquire(w.within(time.Second))
			require.NoError(w, err)
			again.Release()
		})
	})
}

func forgetful(w *world, p *healed) *pool.Lease {
	l, err := p.Acquire(w.within(time.Second))
	require.NoError(w, err)
	return l
}

// counted counts the calls of Write, each a system call on a socket.
type counted struct {
	net.Conn
	writes *atomic.Int64
}

func (c counted) Write(p []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(p)
}

// TestFlushPerFrame: two system calls for each frame, however many are due.
func TestFlushPerFrame(t *testing.T) {
	const messages = 100
	naive, ours := both(t, func(w *world) int {
		var writes atomic.Int64
		w.route = func(ctx context.Context, address string) (net.Conn, error) {
			c, err := w.net.DialContext(ctx, "tcp", address)
			if err != nil {
				return nil, err
			}
			return counted{c, &writes}, nil
		}
		c := w.open(flaws{twoWrites: true}, nil)
		settle(5 * time.Second)
		before := writes.Load()
		if w.ours {
			for range messages {
				_, err := c.(*healed).Send(w.Context(), message("%s", strings.Repeat("x", 100)))
				require.NoError(w, err)
			}
		} else {
			for range messages {
				require.NoError(w, c.send(strings.Repeat("x", 100)))
			}
		}
		synctest.Wait()
		require.Len(w, w.a.texts(), messages)
		return int(writes.Load() - before)
	})
	assert.Equal(t, 2*messages, naive)
	assert.LessOrEqual(t, ours, messages, "ours: never more than one for each")
}

// TestQueuedMessagesAreWrittenTogether: what waited for a connection takes one or two calls.
func TestQueuedMessagesAreWrittenTogether(t *testing.T) {
	inWorld(t, true, func(w *world) {
		var writes atomic.Int64
		w.route = func(ctx context.Context, address string) (net.Conn, error) {
			c, err := w.net.DialContext(ctx, "tcp", address)
			if err != nil {
				return nil, err
			}
			return counted{c, &writes}, nil
		}
		s := session(w, w.pool(1, nil))
		settle(5 * time.Second)
		w.a.down()
		settle(time.Second)
		for n := range 100 {
			m := message("msg %d", n+1)
			m.Seq = uint64(n + 1)
			_, err := s.Send(w.Context(), m)
			require.NoError(w, err)
		}
		before := writes.Load()
		w.a.up()
		settle(time.Minute)
		require.Equal(w, upTo(100), w.a.received())
		assert.Less(w, writes.Load()-before, int64(40), "upgrades, pings and hello included")
	})
}

// TestGoroutinesPerConnection: a reader, a writer and a keepalive each, with a stack each,
// for connections that mostly wait.
func TestGoroutinesPerConnection(t *testing.T) {
	naive, ours := both(t, func(w *world) float64 {
		before := runtime.NumGoroutine()
		w.alone(herd, flaws{pings: true}, nil)
		settle(time.Minute + time.Second)
		require.Len(w, w.a.open(), herd)
		return float64(runtime.NumGoroutine()-before)/herd - 1 // the server's
	})
	assert.GreaterOrEqual(t, naive, 2.0, "naive: reader and keepalive; with a writer, three")
	assert.Less(t, ours, 1.2, "ours: a reader, and what the fleet has in common")
}
