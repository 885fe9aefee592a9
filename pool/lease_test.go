package pool

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLeaseIsExclusive(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		l, err := w.pool.Acquire(w.Context())
		require.NoError(w, err)
		r, err := l.Send(w.Context(), text("req mine"))
		require.NoError(w, err)
		assert.Equal(w, Written, w.outcome(r), "the pool does not know its answers")
		m, err := l.Receive(w.Context())
		require.NoError(w, err)
		assert.Equal(w, "res mine", string(m.Payload))
		mine := w.a.heard("req mine")
		for i := range 20 {
			_, err := w.pool.Send(w.Context(), text("lost %d", i))
			require.NoError(w, err)
		}
		synctest.Wait()
		assert.Equal(w, []string{"req mine"}, mine.texts())
		assert.Equal(w, 1, w.pool.Snapshot().Leases)

		l.Release()
		l.Release()
		require.ErrorIs(w, l.Err(), ErrLeaseOver)
		_, err = l.Send(w.Context(), text("x"))
		require.ErrorIs(w, err, ErrLeaseOver)
		_, err = l.Receive(w.Context())
		require.ErrorIs(w, err, ErrLeaseOver)
		for i := range 20 {
			_, err := w.pool.Send(w.Context(), text("lost %d", i))
			require.NoError(w, err)
		}
		synctest.Wait()
		assert.NotEqual(w, []string{"req mine"}, mine.texts(), "it is back")
	})
}

// TestLeasesMakeThePoolGrow up to Max, and then one has to wait for another.
func TestLeasesMakeThePoolGrow(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		var all []*Lease
		for range 4 {
			l, err := w.pool.Acquire(w.within(time.Minute))
			require.NoError(w, err)
			all = append(all, l)
		}
		assert.Len(w, w.a.open(), 4)
		_, err := w.pool.Acquire(w.within(time.Second))
		require.ErrorIs(w, err, ErrNoConnection)
		var order []string
		for i := range 2 {
			go func() {
				l, err := w.pool.Acquire(w.Context())
				assert.NoError(w, err)
				order = append(order, fmt.Sprint(i))
				l.Release()
			}()
			synctest.Wait()
		}
		all[2].Release()
		synctest.Wait()
		assert.Equal(w, []string{"0", "1"}, order, "first come, first served")
		assert.Equal(w, 3, w.pool.Snapshot().Leases)
	})
}

// TestAcquireIsNotStarved: where the pool may not grow, a busy connection gets nothing new
// until it is free.
func TestAcquireIsNotStarved(t *testing.T) {
	inWorld(t, func(c *Config) { c.Max = 2 }, func(w *world) {
		w.mute()
		for i := range 4 {
			_, err := w.pool.Send(w.Context(), text("req %d", i))
			require.NoError(w, err)
		}
		var l *Lease
		go func() { l, _ = w.pool.Acquire(w.Context()) }()
		synctest.Wait()
		assert.Nil(w, l)
		for i := range 4 { // answered, and new ones come in, all the time
			_, err := w.pool.Send(w.Context(), text("req 1%d", i))
			require.NoError(w, err)
			w.a.heard(fmt.Sprintf("req %d", i)).say(fmt.Sprintf("res %d", i))
			synctest.Wait()
		}
		require.NotNil(w, l)
		l.Release()
	})
}

func TestLeaseEndsWithItsConnection(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		l, err := w.pool.Acquire(w.Context())
		require.NoError(w, err)
		_, err = l.Send(w.Context(), text("req 1"))
		require.NoError(w, err)
		synctest.Wait()
		w.a.heard("req 1").reset()
		<-l.Done()
		require.ErrorIs(w, l.Err(), ErrLeaseOver)
		var f *Failure
		require.ErrorAs(w, l.Err(), &f)
		m, err := l.Receive(w.Context())
		require.NoError(w, err, "what came before can be received")
		assert.Equal(w, "res 1", string(m.Payload))
		_, err = l.Receive(w.Context())
		require.ErrorIs(w, err, ErrLeaseOver)
		synctest.Wait()
		assert.Len(w, w.a.all(), 2, "the first delay is spread")
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Equal(w, 2, w.pool.Snapshot().Usable)
		up := of(Connected, w.events())
		require.Len(w, up, 1)
		assert.Equal(w, l.Connection(), up[0].Connection, "it heals as every other does")
	})
}

// A server that accepts and then fails whoever says something is not dialled without end.
func TestLostLeasesBackOff(t *testing.T) {
	const losses = 6
	inWorld(t, sized(1), func(w *world) {
		w.mute()
		began := time.Now()
		for i := range losses {
			l, err := w.pool.Acquire(w.Context())
			require.NoError(w, err)
			_, err = l.Send(w.Context(), text("lost %d", i))
			require.NoError(w, err)
			synctest.Wait()
			w.a.heard(fmt.Sprintf("lost %d", i)).reset()
			<-l.Done()
		}
		synctest.Wait()
		assert.Len(w, w.a.all(), losses)
		// After the first loss there is the spread; from then on the backoff draws at least half of
		// 1, 2, 4 and 8 s, as no connection is stable between.
		assert.GreaterOrEqual(w, time.Since(began), 7500*time.Millisecond)
	})
}

// A window that is announced for reconnecting is kept by those that were leased, too.
func TestLostLeasesKeepTheWindow(t *testing.T) {
	inWorld(t, sized(4), func(w *world) {
		w.pool.Window(time.Minute)
		for range 4 {
			l, err := w.pool.Acquire(w.Context())
			require.NoError(w, err)
			defer func() { <-l.Done() }()
		}
		for _, c := range w.a.all() {
			c.reset()
		}
		synctest.Wait()
		assert.Len(w, w.a.all(), 4)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		assert.Less(w, len(w.a.all()), 8)
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Len(w, w.a.all(), 8)
	})
}

func TestDiscardedConnectionsAreReplaced(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		l, err := w.pool.Acquire(w.Context())
		require.NoError(w, err)
		_, err = l.Send(w.Context(), text("lost"))
		require.NoError(w, err)
		synctest.Wait()
		mine := w.a.heard("lost")
		l.Discard()
		synctest.Wait()
		assert.Equal(w, []uint16{1000}, mine.closes())
		assert.Equal(w, 2, w.pool.Snapshot().Usable)
		assert.Len(w, w.a.all(), 3)
	})
}

func TestLeaksAreReported(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		l, err := w.pool.Acquire(w.Context())
		require.NoError(w, err)
		time.Sleep(time.Minute - 1)
		assert.Empty(w, of(LeaseLeaked, w.events()))
		time.Sleep(time.Hour)
		leaks := of(LeaseLeaked, w.events())
		require.Len(w, leaks, 1, "once")
		assert.Equal(w, time.Minute, leaks[0].Took)
		assert.Equal(w, l.Connection(), leaks[0].Connection)
		assert.Contains(w, leaks[0].Stack, "TestLeaksAreReported")
		l.Release()
	})
}

func TestAcquireHeedsItsContext(t *testing.T) {
	inWorld(t, func(c *Config) { c.Max, c.Min, c.MinReady = 1, 1, 1 }, func(w *world) {
		w.mute()
		_, err := w.pool.Send(w.Context(), text("req 1"))
		require.NoError(w, err)
		_, err = w.pool.Acquire(w.within(time.Second))
		require.ErrorIs(w, err, context.DeadlineExceeded)
		_, err = w.pool.Send(w.within(time.Second), text("req 2"))
		require.NoError(w, err, "what was kept for it is given back")
	})
}

func TestWhoWaitsForWhatIsLeasedIsToldSo(t *testing.T) {
	for _, full := range []QueueFull{Wait, FailFast} {
		inWorld(t, func(c *Config) { c.Min, c.Max, c.MinReady, c.QueueFull = 1, 1, 1, full }, func(w *world) {
			l, err := w.pool.Acquire(w.Context())
			require.NoError(w, err)
			_, err = w.pool.Send(w.within(time.Second), text("x"))
			require.ErrorIs(w, err, ErrLeased)
			require.ErrorIs(w, err, ErrNoConnection)
			_, err = w.pool.Acquire(w.within(time.Second))
			require.ErrorIs(w, err, ErrLeased)
			l.Release()
			_, err = w.pool.Send(w.within(time.Second), text("x"))
			require.NoError(w, err)
		})
	}
}

func TestWhatALeaseSentGoesOverItsConnectionAlone(t *testing.T) {
	for name, end := range map[string]func(*world, *Lease, *served){
		"renewed":            func(w *world, _ *Lease, _ *served) { w.pool.Renew() },
		"reset":              func(_ *world, _ *Lease, c *served) { c.reset() },
		"released and reset": func(_ *world, l *Lease, c *served) { l.Release(); c.reset() },
	} {
		t.Run(name, func(t *testing.T) {
			change := func(c *Config) { c.Min, c.Max, c.MinReady, c.QueueBytes = 1, 1, 1, 1<<20 }
			inWorld(t, change, func(w *world) {
				gate := make(chan struct{})
				w.a.first(func(_ *served, s string) bool {
					if s == "lost stop" {
						<-gate
					}
					return false
				})
				l, err := w.pool.Acquire(w.Context())
				require.NoError(w, err)
				_, err = l.Send(w.Context(), text("lost stop"))
				require.NoError(w, err)
				var all []*Receipt
				for range 12 { // more than the network holds
					r, err := l.Send(w.Context(), text("lost %s", strings.Repeat("x", 30<<10)))
					require.NoError(w, err)
					all = append(all, r)
				}
				synctest.Wait()
				first := w.a.heard("lost stop")
				end(w, l, first)
				last := w.outcome(all[len(all)-1])
				assert.Equal(w, NotSent, last)
				require.ErrorIs(w, all[len(all)-1].Err(), ErrLeaseOver)
				unknown := 0
				for _, r := range all {
					if w.outcome(r) == Unknown {
						unknown++
					}
				}
				assert.Equal(w, 1, unknown, "the one that was cut short")
				_, err = w.pool.Request(w.within(time.Minute), text("req 1"))
				require.NoError(w, err, "another connection carries what others send")
				close(gate)
				for _, c := range w.a.all() {
					if c != first {
						assert.NotContains(w, strings.Join(c.texts(), " "), "lost")
					}
				}
			})
		})
	}
}

func TestEachLeakIsReportedWhenItIsDue(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		began := time.Now()
		for range 2 {
			l, err := w.pool.Acquire(w.Context())
			require.NoError(w, err)
			defer l.Release()
			time.Sleep(20 * time.Second)
		}
		short, err := w.pool.Acquire(w.Context())
		require.NoError(w, err)
		short.Release()
		time.Sleep(time.Hour)
		var at []time.Duration
		for _, ev := range of(LeaseLeaked, w.events()) {
			at = append(at, ev.At.Sub(began))
		}
		assert.Equal(w, []time.Duration{time.Minute, 80 * time.Second}, at)
	})
}

// TestWhatALeaseHasSentIsCounted while it holds and after it, once.
func TestWhatALeaseHasSentIsCounted(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		before := w.pool.Snapshot()
		l, err := w.pool.Acquire(w.Context())
		require.NoError(w, err)
		for range 3 {
			r, err := l.Send(w.Context(), text("lost"))
			require.NoError(w, err)
			assert.Equal(w, Written, w.outcome(r))
		}
		synctest.Wait()
		counted := func() {
			after := w.pool.Snapshot()
			assert.Equal(w, before.Totals.Written+3, after.Totals.Written)
			assert.Equal(w, before.Totals.Outcomes[Written]+3, after.Totals.Outcomes[Written])
			assert.Zero(w, after.InFlight)
		}
		counted()
		l.Release()
		counted()
		_, err = l.Send(w.Context(), text("lost"))
		require.ErrorIs(w, err, ErrLeaseOver)
		counted()
	})
}

// TestWhatALeaseLeavesQueuedIsInFlight on its connection, which nobody else gets before.
func TestWhatALeaseLeavesQueuedIsInFlight(t *testing.T) {
	inWorld(t, func(c *Config) { c.Min, c.Max, c.MinReady, c.QueueBytes = 1, 1, 1, 1<<20 }, func(w *world) {
		gate := make(chan struct{})
		w.a.first(func(_ *served, s string) bool {
			if s == "lost stop" {
				<-gate
			}
			return false
		})
		l, err := w.pool.Acquire(w.Context())
		require.NoError(w, err)
		_, err = l.Send(w.Context(), text("lost stop"))
		require.NoError(w, err)
		var all []*Receipt
		for range 12 { // more than the network holds
			r, err := l.Send(w.Context(), text("lost %s", strings.Repeat("x", 30<<10)))
			require.NoError(w, err)
			all = append(all, r)
		}
		synctest.Wait()
		queued := w.pool.Snapshot().InFlight
		assert.Positive(w, queued)
		l.Release()
		assert.Equal(w, queued, w.pool.Snapshot().InFlight)
		_, err = w.pool.Acquire(w.within(time.Second))
		require.ErrorIs(w, err, context.DeadlineExceeded)
		close(gate)
		for _, r := range all {
			assert.Equal(w, Written, w.outcome(r))
		}
		synctest.Wait()
		s := w.pool.Snapshot()
		assert.Zero(w, s.InFlight)
		assert.Equal(w, uint64(13), s.Totals.Outcomes[Written])
		l, err = w.pool.Acquire(w.within(time.Second))
		require.NoError(w, err)
		l.Release()
	})
}
