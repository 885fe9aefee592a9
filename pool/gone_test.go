package pool

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestWhatWasNotHandedOverToWhoIsGone goes over another connection, unless it is a lease's: the
// client left between the choice and the handing over.
func TestWhatWasNotHandedOverToWhoIsGone(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		p := w.pool
		leased := newFlight(p, text("lost mine"))
		leased.bound = true
		free, err := p.flight(text("req 1"), false)
		require.NoError(w, err)
		p.mu.Lock()
		s := p.fit[0]
		p.attach(leased, s)
		p.attach(free, s)
		p.retire(s)
		p.mu.Unlock()
		synctest.Wait() // until it has left
		assert.Equal(w, NotSent, leased.receipt.Outcome())
		require.ErrorIs(w, leased.receipt.Err(), ErrLeaseOver)
		assert.Equal(w, Acked, w.outcome(free.receipt))
		assert.Equal(w, []string{"req 1"}, w.a.texts())
		assert.Zero(w, p.Snapshot().InFlight)
	})
}

// TestAFailureIsOverOnceItIsHealed: the end of what comes later is not explained by it.
func TestAFailureIsOverOnceItIsHealed(t *testing.T) {
	inWorld(t, sized(1), func(w *world) {
		w.a.open()[0].reset()
		time.Sleep(5 * time.Second)
		l, err := w.pool.Acquire(w.Context())
		require.NoError(w, err)
		w.pool.Renew()
		<-l.Done()
		require.ErrorIs(w, l.Err(), ErrLeaseOver)
		var f *Failure
		require.NotErrorAs(w, l.Err(), &f, "it was replaced as planned")
	})
}
