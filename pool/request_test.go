package pool

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRequest(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		m, err := w.pool.Request(w.Context(), text("req 7 hello"))
		require.NoError(w, err)
		assert.Equal(w, "res 7 hello", string(m.Payload))
		assert.True(w, m.Text)
		_, err = w.pool.Request(w.Context(), text("no id"))
		require.ErrorIs(w, err, ErrNoCorrelation)
		assert.Zero(w, w.pool.Snapshot().InFlight)
	})
}

// mute makes the server keep its answers to itself.
func (w *world) mute() {
	w.a.first(func(*served, string) bool { return true })
	w.b.first(func(*served, string) bool { return true })
}

func TestRequestWhoseConnectionIsLost(t *testing.T) {
	for name, idempotent := range map[string]bool{"idempotent": true, "not": false} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, nil, func(w *world) {
				w.mute()
				var answer Message
				var err error
				go func() {
					m := text("req 1")
					m.Idempotent = idempotent
					answer, err = w.pool.Request(w.Context(), m)
				}()
				synctest.Wait()
				first := w.a.heard("req 1")
				w.a.first(nil)
				first.reset()
				synctest.Wait()
				if idempotent {
					require.NoError(w, err)
					assert.Equal(w, "res 1", string(answer.Payload))
					assert.Equal(w, []string{"req 1", "req 1"}, w.a.texts(), "at once, over the other one")
					assert.Equal(w, uint64(1), w.pool.Snapshot().Totals.Resent)
				} else {
					require.ErrorIs(w, err, ErrOutcomeUnknown)
					var f *Failure
					require.ErrorAs(w, err, &f)
					assert.Equal(w, "reset", f.Cause.String())
					assert.Equal(w, []string{"req 1"}, w.a.texts())
				}
				assert.Equal(w, 1, w.pool.Snapshot().Usable, "the other one is none the worse")
			})
		})
	}
}

// TestContextOfARequestEndsTheWaitAlone: what was written is unknown, no connection is
// hurt, and an answer that comes late disturbs nobody.
func TestContextOfARequestEndsTheWaitAlone(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.mute()
		_, err := w.pool.Request(w.within(time.Second), text("req 1"))
		require.ErrorIs(w, err, context.DeadlineExceeded)
		require.ErrorIs(w, err, ErrOutcomeUnknown)
		w.a.heard("req 1").say("res 1 late")
		synctest.Wait()
		w.a.first(nil)
		m, err := w.pool.Request(w.Context(), text("req 1 again"))
		require.NoError(w, err, "the id is free again")
		assert.Equal(w, "res 1 again", string(m.Payload))
		time.Sleep(time.Minute)
		assert.Equal(w, 2, w.pool.Snapshot().Usable)
		assert.Len(w, w.a.all(), 2)
		assert.Empty(w, of(Lost, w.events()))
	})
}

func TestIdsInFlightAreUnique(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.mute()
		_, err := w.pool.Send(w.Context(), text("req 1"))
		require.NoError(w, err)
		_, err = w.pool.Request(w.Context(), text("req 1"))
		require.ErrorIs(w, err, ErrDuplicate)
		_, err = w.pool.Send(w.within(0), text("req 2"))
		require.NoError(w, err, "a context bounds waiting, and there is nothing to wait for")
	})
}

func TestAnswersThatNeverCome(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.mute()
		begun := time.Now()
		r, err := w.pool.Send(w.Context(), text("req 1"))
		require.NoError(w, err)
		assert.Equal(w, Unknown, w.outcome(r))
		assert.Equal(w, 30*time.Second, time.Since(begun))
		require.EqualError(w, r.Err(), "outcome unknown: no answer within 30s")
		assert.Zero(w, w.pool.Snapshot().InFlight)
		unknown := of(OutcomeUnknown, w.events())
		require.Len(w, unknown, 1)
		assert.Equal(w, 1, unknown[0].N)
	})
}

// TestIdempotentMessagesAreSentAgainUntilTheirTimeIsOver: loss after loss.
func TestIdempotentMessagesAreSentAgainUntilTheirTimeIsOver(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.a.first(func(c *served, _ string) bool { c.reset(); return true })
		begun := time.Now()
		m := text("req 1")
		m.Idempotent = true
		r, err := w.pool.Send(w.Context(), m)
		require.NoError(w, err)
		assert.Equal(w, Unknown, w.outcome(r))
		assert.Equal(w, 30*time.Second, time.Since(begun))
		assert.Greater(w, len(w.a.texts()), 3)
		assert.True(w, errors.Is(r.Err(), ErrOutcomeUnknown))
	})
}
