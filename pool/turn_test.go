package pool

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// waits puts somebody into the queue of those who wait for room.
func (p *Pool) waits() *turn {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := &turn{come: make(chan struct{})}
	t.in = p.senders.PushBack(t)
	return t
}

// TestATurnThatIsGivenUpIsTheNextOnes: it had come in the same moment.
func TestATurnThatIsGivenUpIsTheNextOnes(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		p := w.pool
		first, second := p.waits(), p.waits()
		p.mu.Lock()
		p.admit()
		p.mu.Unlock()
		<-first.come
		ctx, cancel := context.WithCancel(w.Context())
		cancel()
		require.ErrorIs(w, p.forgo(first, ctx), context.Canceled)
		synctest.Wait()
		select {
		case <-second.come:
		default:
			assert.Fail(w, "nobody told the next one")
		}
	})
}

// TestATurnThatIsGivenUpLeavesTheQueue, before it has come.
func TestATurnThatIsGivenUpLeavesTheQueue(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		p := w.pool
		first, second := p.waits(), p.waits()
		ctx, cancel := context.WithCancel(w.Context())
		cancel()
		require.ErrorIs(w, p.forgo(first, ctx), context.Canceled)
		p.mu.Lock()
		assert.Same(w, second, p.senders.Front().Value)
		p.admit()
		assert.Zero(w, p.senders.Len())
		p.mu.Unlock()
	})
}

// TestWhatLostItsConnectionGoesFirst when there is room again, and does not hold up who waits
// when it is not to be sent any more.
func TestWhatLostItsConnectionGoesFirst(t *testing.T) {
	for name, over := range map[string]bool{"waits": false, "is over": true} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, sized(1), func(w *world) {
				p := w.pool
				f, err := p.flight(text("req 1"), false)
				require.NoError(w, err)
				p.mu.Lock()
				s := p.fit[0]
				s.full = true
				p.refit(s)
				p.attach(f, s)
				p.shelter(f)
				p.mu.Unlock()
				synctest.Wait()
				var second *Receipt
				go func() { second, _ = p.Send(w.Context(), text("req 2")) }()
				synctest.Wait()
				require.Nil(w, second)
				want := []string{"req 1", "req 2"}
				p.mu.Lock()
				if over {
					want = want[1:]
					p.settle(f, NotSent, nil)
				}
				p.left(s)
				p.mu.Unlock()
				synctest.Wait()
				assert.Equal(w, want, w.a.texts())
			})
		})
	}
}

// TestDemandIsHeardAtOnce by a pool without a connection.
func TestDemandIsHeardAtOnce(t *testing.T) {
	for name, ask := range map[string]func(*world) error{
		"send":    func(w *world) error { _, err := w.pool.Send(w.Context(), text("lost")); return err },
		"acquire": func(w *world) error { l, err := w.pool.Acquire(w.Context()); l.Release(); return err },
		"subscribe": func(w *world) error {
			_, err := w.pool.Subscribe(w.Context(), SubscribeConfig{Topic: "t", Message: text("sub t")})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(c *Config) { c.Min, c.MinReady = -1, -1 }, func(w *world) {
				time.Sleep(time.Second)
				begun := time.Now()
				require.NoError(w, ask(w))
				assert.Zero(w, time.Since(begun))
			})
		})
	}
}

// TestAConnectionThatGoesGetsNothingNew from the moment on in which that is decided.
func TestAConnectionThatGoesGetsNothingNew(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		p := w.pool
		p.mu.Lock()
		defer p.mu.Unlock()
		s := p.fit[0]
		p.retire(s)
		assert.NotContains(w, p.fit, s)
		assert.Len(w, p.fit, 1)
	})
}

// TestALeakIsReportedWhenItIsDue, whatever else the keeper looks at.
func TestALeakIsReportedWhenItIsDue(t *testing.T) {
	inWorld(t, func(c *Config) { c.LeaseWarn = 91 * time.Second }, func(w *world) {
		l, err := w.pool.Acquire(w.Context())
		require.NoError(w, err)
		time.Sleep(10 * time.Minute)
		leaks := of(LeaseLeaked, w.events())
		require.Len(w, leaks, 1)
		assert.Equal(w, 91*time.Second, leaks[0].Took)
		l.Release()
	})
}
