package pool

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDrainFinishesWhatIsInFlight(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.mute()
		r, err := w.pool.Send(w.Context(), text("req 1"))
		require.NoError(w, err)
		l, err := w.pool.Acquire(w.Context())
		require.NoError(w, err)
		var drained error
		over := false
		go func() { drained = w.pool.Drain(w.Context()); over = true }()
		synctest.Wait()
		for _, send := range []func() error{
			func() error { _, err := w.pool.Send(w.Context(), text("x")); return err },
			func() error { _, err := w.pool.Request(w.Context(), text("req x")); return err },
			func() error { _, err := w.pool.Acquire(w.Context()); return err },
			func() error { _, err := w.pool.Subscribe(w.Context(), SubscribeConfig{}); return err },
			func() error { _, err := w.pool.Session(w.Context(), SessionConfig{Key: "late"}); return err },
		} {
			require.ErrorIs(w, send(), ErrDraining)
		}
		time.Sleep(time.Second)
		assert.False(w, over)
		w.a.heard("req 1").say("res 1")
		synctest.Wait()
		assert.Equal(w, Acked, r.Outcome())
		assert.False(w, over, "a lease is in flight, too")
		l.Release()
		synctest.Wait()
		assert.True(w, over)
		require.NoError(w, drained)
		assert.Equal(w, []EventKind{Drained, Shut}, kinds(w.events()))
		require.NoError(w, w.pool.Drain(w.Context()), "again")
	})
}

// TestDrainTurnsAwayWhoWaits for room, for a lease, or in a session.
func TestDrainTurnsAwayWhoWaits(t *testing.T) {
	inWorld(t, sized(1), func(w *world) {
		c := lasting()
		c.Ring.Messages = 1
		s, err := w.pool.Session(w.Context(), c)
		require.NoError(w, err)
		w.mute()
		_, err = s.Send(w.Context(), numbered(1))
		require.NoError(w, err)
		l, err := w.pool.Acquire(w.Context())
		require.NoError(w, err)
		errs := make(chan error, 3)
		go func() { _, err := w.pool.Send(w.within(time.Hour), text("x")); errs <- err }()
		go func() { _, err := w.pool.Acquire(w.within(time.Hour)); errs <- err }()
		go func() { _, err := s.Send(w.within(time.Hour), numbered(2)); errs <- err }()
		synctest.Wait()
		require.Empty(w, errs)
		go func() { assert.NoError(w, w.pool.Drain(w.within(time.Minute))) }()
		synctest.Wait()
		require.Len(w, errs, 3, "at once")
		for range 3 {
			require.ErrorIs(w, <-errs, ErrDraining)
		}
		l.Release()
		w.a.heard("msg 1").say("ack 1")
		synctest.Wait()
	})
}

// TestDrainOpensAConnectionForWhatHasNone: the one that carried it was on its way out, and the
// only other one was discarded with its lease.
func TestDrainOpensAConnectionForWhatHasNone(t *testing.T) {
	inWorld(t, sized(2), func(w *world) {
		w.mute()
		m := text("req 1")
		m.Idempotent = true
		r, err := w.pool.Send(w.Context(), m)
		require.NoError(w, err)
		l, err := w.pool.Acquire(w.Context())
		require.NoError(w, err)
		_, err = l.Send(w.Context(), text("lost"))
		require.NoError(w, err)
		require.NoError(w, w.pool.Resize(1, 1))
		synctest.Wait()
		over := false
		go func() {
			assert.NoError(w, w.pool.Drain(w.within(time.Minute)))
			over = true
		}()
		synctest.Wait()
		l.Discard()
		w.a.heard("req 1").reset()
		w.a.first(nil)
		synctest.Wait()
		assert.Equal(w, Acked, r.Outcome())
		assert.True(w, over)
		assert.Len(w, w.a.all(), 3)
	})
}

// TestDrainDoesNotWaitForWhatNobodyWaitsFor: it had lost its connection, and there was no other,
// when its Request gave up.
func TestDrainDoesNotWaitForWhatNobodyWaitsFor(t *testing.T) {
	for _, outcome := range []Outcome{NotSent, Unknown} {
		t.Run(outcome.String(), func(t *testing.T) {
			inWorld(t, sized(1), func(w *world) {
				p := w.pool
				f, err := p.flight(text("req 1"), true)
				require.NoError(w, err)
				p.mu.Lock()
				s := p.fit[0]
				s.full = true
				p.refit(s)
				p.attach(f, s)
				p.shelter(f)
				p.mu.Unlock()
				var over atomic.Bool
				go func() {
					assert.NoError(w, p.Drain(w.within(time.Minute)))
					over.Store(true)
				}()
				synctest.Wait()
				require.False(w, over.Load())
				p.mu.Lock()
				p.settle(f, outcome, context.Canceled)
				p.mu.Unlock()
				synctest.Wait()
				assert.True(w, over.Load())
			})
		})
	}
}

// TestDrainEndsWithTheLastAcknowledgement of a session.
func TestDrainEndsWithTheLastAcknowledgement(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		s, err := w.pool.Session(w.Context(), lasting())
		require.NoError(w, err)
		w.mute()
		r, err := s.Send(w.Context(), numbered(1))
		require.NoError(w, err)
		synctest.Wait()
		over := false
		go func() {
			assert.NoError(w, w.pool.Drain(w.within(time.Minute)))
			over = true
		}()
		synctest.Wait()
		require.False(w, over)
		w.a.heard("msg 1").say("ack 1")
		synctest.Wait()
		assert.True(w, over, "at once")
		assert.Equal(w, Acked, r.Outcome())
	})
}

func TestDrainIsBounded(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.mute()
		r, err := w.pool.Send(w.Context(), text("req 1"))
		require.NoError(w, err)
		begun := time.Now()
		err = w.pool.Drain(w.within(3 * time.Second))
		require.ErrorIs(w, err, context.DeadlineExceeded)
		assert.ErrorContains(w, err, "drain: 1 left in flight")
		assert.Equal(w, 3*time.Second, time.Since(begun))
		assert.Equal(w, Unknown, r.Outcome())
		require.ErrorIs(w, r.Err(), ErrClosed)
	})
}

// TestUnknownOutcomesAreToldAtOnce, and not when the connection is back.
func TestUnknownOutcomesAreToldAtOnce(t *testing.T) {
	inWorld(t, sized(1), func(w *world) {
		w.mute()
		_, err := w.pool.Send(w.Context(), text("req 1"))
		require.NoError(w, err)
		synctest.Wait()
		w.a.down()
		assert.Len(w, of(OutcomeUnknown, w.events()), 1)
	})
}

// TestCloseTellsOfWhatItLeft before it tells that it is over.
func TestCloseTellsOfWhatItLeft(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.mute()
		_, err := w.pool.Send(w.Context(), text("req 1"))
		require.NoError(w, err)
		synctest.Wait()
		require.NoError(w, w.pool.Close(w.Context()))
		all := w.events()
		require.Equal(w, []EventKind{OutcomeUnknown, Shut}, kinds(all))
		assert.Equal(w, 1, all[0].N)
	})
}

// TestCloseWakesEveryone who waits for anything.
func TestCloseWakesEveryone(t *testing.T) {
	inWorld(t, func(c *Config) { c.Max = 2 }, func(w *world) {
		w.mute()
		sub, err := w.pool.Subscribe(w.Context(), SubscribeConfig{Topic: "t", Message: text("sub t")})
		require.NoError(w, err)
		written, err := w.pool.Send(w.Context(), text("req 1"))
		require.NoError(w, err)
		synctest.Wait()
		w.a.down()
		synctest.Wait()
		errs := make(chan error, 10)
		go func() { _, err := w.pool.Send(context.Background(), text("x")); errs <- err }()
		go func() { _, err := w.pool.Request(context.Background(), text("req 2")); errs <- err }()
		go func() { _, err := w.pool.Acquire(context.Background()); errs <- err }()
		go func() { _, err := w.pool.Session(context.Background(), SessionConfig{Key: "late"}); errs <- err }()
		go func() { _, err := w.pool.Subscribe(context.Background(), SubscribeConfig{Topic: "u"}); errs <- err }()
		go func() {
			var err error
			for err == nil { // it may have been asked for on the one connection before that was lost, too
				_, err = sub.Next(context.Background())
			}
			errs <- err
		}()
		synctest.Wait()
		require.NoError(w, w.pool.Close(context.Background()))
		for range 6 {
			require.ErrorIs(w, <-errs, ErrClosed)
		}
		assert.Equal(w, Unknown, written.Outcome())
		assert.Zero(w, w.pool.Snapshot().InFlight)
	})
}

func TestDrainTellsWhoSubscribes(t *testing.T) {
	inWorld(t, single, func(w *world) {
		w.mute()
		_, err := w.pool.Send(w.Context(), text("req 1"))
		require.NoError(w, err)
		var subErr error
		go func() {
			_, subErr = w.pool.Subscribe(w.within(time.Hour), SubscribeConfig{Topic: "t", Message: text("sub t"), Confirm: func(m Message) (Continuity, bool) {
				return Continuity{}, string(m.Payload) == "subbed t"
			}})
		}()
		synctest.Wait()
		go func() { _ = w.pool.Drain(w.within(20 * time.Second)) }()
		time.Sleep(time.Second)
		synctest.Wait()
		assert.ErrorIs(w, subErr, ErrDraining)
	})
}
