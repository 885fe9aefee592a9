package pool

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/internal/memnet"
	"github.com/wsheal/wsheal/pool/heal"
)

// sized makes a pool of so many connections, and of no others.
func sized(n int) func(*Config) {
	return func(c *Config) { c.Min, c.Max, c.MinReady = n, n, n }
}

// doubt keeps everything of a connection back until it is suspected, and returns what lets it
// through again.
func (w *world) doubt(c *served) (recover func()) {
	c.hold()
	for w.pool.Snapshot().Phases[heal.Suspect] == 0 {
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		require.Equal(w, 1, w.pool.Snapshot().Usable)
	}
	return func() {
		c.Conn.(*memnet.Conn).Hold(false)
		synctest.Wait()
	}
}

// renting is an Acquire that waits.
type renting struct {
	lease *Lease
	err   error
	done  bool
}

func (w *world) rents() *renting {
	r := new(renting)
	go func() {
		r.lease, r.err = w.pool.Acquire(w.within(time.Hour))
		r.done = true
	}()
	synctest.Wait()
	return r
}

// TestAcquireGetsAConnectionThatIsFineAgain: it was idle all the time, and in doubt when
// Acquire came.
func TestAcquireGetsAConnectionThatIsFineAgain(t *testing.T) {
	inWorld(t, sized(1), func(w *world) {
		again := w.doubt(w.a.open()[0])
		r := w.rents()
		require.False(w, r.done)
		again()
		require.True(w, r.done)
		require.NoError(w, r.err)
		r.lease.Release()
	})
}

// TestAcquireIsNotStarvedByWhoCameToADoubtfulConnection: once it is fine and busy it gets
// nothing new until it is free.
func TestAcquireIsNotStarvedByWhoCameToADoubtfulConnection(t *testing.T) {
	inWorld(t, sized(1), func(w *world) {
		w.mute()
		_, err := w.pool.Send(w.Context(), text("req 1"))
		require.NoError(w, err)
		c := w.a.open()[0]
		again := w.doubt(c)
		r := w.rents()
		again()
		sent := false
		go func() {
			_, err := w.pool.Send(w.Context(), text("req 2"))
			assert.NoError(w, err)
			sent = true
		}()
		synctest.Wait()
		assert.False(w, r.done || sent)
		c.say("res 1")
		synctest.Wait()
		require.True(w, r.done)
		assert.False(w, sent)
		r.lease.Release()
		synctest.Wait()
		assert.True(w, sent)
	})
}

// TestAcquireGetsWhatIsKeptForItWhenThatIsFineAgain: it became free while it was in doubt.
func TestAcquireGetsWhatIsKeptForItWhenThatIsFineAgain(t *testing.T) {
	inWorld(t, sized(1), func(w *world) {
		w.mute()
		_, err := w.pool.Send(w.Context(), text("req 1"))
		require.NoError(w, err)
		r := w.rents()
		again := w.doubt(w.a.open()[0])
		p := w.pool
		p.mu.Lock()
		p.settle(p.answers["1"], Unknown, nil)
		p.mu.Unlock()
		synctest.Wait()
		require.False(w, r.done)
		again()
		require.True(w, r.done)
		r.lease.Release()
	})
}

// TestAcquireGetsAConnectionWhoseQueueHasRoomAgain.
func TestAcquireGetsAConnectionWhoseQueueHasRoomAgain(t *testing.T) {
	inWorld(t, func(c *Config) { sized(1)(c); c.QueueBytes = 100 }, func(w *world) {
		p := w.pool
		p.mu.Lock()
		s := p.fit[0]
		s.full = true // as an asking finds it
		p.refit(s)
		p.mu.Unlock()
		r := w.rents()
		require.False(w, r.done)
		p.mu.Lock()
		p.left(s)
		p.mu.Unlock()
		synctest.Wait()
		require.True(w, r.done)
		r.lease.Release()
	})
}

// TestAcquireGetsTheConnectionOfASubscriptionThatIsOver, and does not keep it from others
// before.
func TestAcquireGetsTheConnectionOfASubscriptionThatIsOver(t *testing.T) {
	inWorld(t, sized(1), func(w *world) {
		sub, err := w.pool.Subscribe(w.Context(), SubscribeConfig{Topic: "t", Message: text("sub t")})
		require.NoError(w, err)
		r := w.rents()
		_, err = w.pool.Request(w.within(time.Minute), text("req 1"))
		require.NoError(w, err, "it waits for what may never be, and nobody waits for it")
		synctest.Wait()
		require.False(w, r.done, "the subscription would have nowhere to go")
		sub.Close()
		synctest.Wait()
		require.True(w, r.done)
		r.lease.Release()
	})
}

// TestAcquireGetsAConnectionWithSubscriptions that can go to another one.
func TestAcquireGetsAConnectionWithSubscriptions(t *testing.T) {
	inWorld(t, sized(2), func(w *world) {
		for _, topic := range []string{"t", "u"} {
			_, err := w.pool.Subscribe(w.Context(), SubscribeConfig{Topic: topic, Message: text("sub %s", topic)})
			require.NoError(w, err)
		}
		w.mute()
		for _, id := range []string{"1", "2"} {
			_, err := w.pool.Send(w.Context(), text("req %s", id))
			require.NoError(w, err)
		}
		r := w.rents()
		for _, c := range w.a.open() {
			for _, got := range c.texts() {
				if rest, ok := strings.CutPrefix(got, "req"); ok {
					c.say("res" + rest)
					synctest.Wait()
					if r.done {
						break
					}
				}
			}
		}
		require.True(w, r.done)
		assert.Equal(w, 2, w.pool.Snapshot().Subscriptions)
		assert.Zero(w, w.pool.Snapshot().Adrift)
		r.lease.Release()
	})
}

// TestWhatWasKeptForAnAcquireThatGotAnotherIsGivenBack.
func TestWhatWasKeptForAnAcquireThatGotAnotherIsGivenBack(t *testing.T) {
	inWorld(t, sized(2), func(w *world) {
		first, err := w.pool.Acquire(w.Context())
		require.NoError(w, err)
		w.mute()
		_, err = w.pool.Send(w.Context(), text("req 1"))
		require.NoError(w, err)
		r := w.rents() // for which the busy one is kept
		first.Release()
		synctest.Wait()
		require.True(w, r.done)
		_, err = w.pool.Send(w.within(time.Second), text("lost"))
		require.NoError(w, err, "the busy one has room")
		r.lease.Release()
	})
}

// TestWhoWaitsForALeaseIsLeftInPeace by what goes over a connection that is not to be had: who
// tries in vain may lose his place.
func TestWhoWaitsForALeaseIsLeftInPeace(t *testing.T) {
	inWorld(t, sized(1), func(w *world) {
		p := w.pool
		l, err := p.Acquire(w.Context())
		require.NoError(w, err)
		first, second := w.rents(), w.rents()
		p.mu.Lock()
		turn := p.renters.Front().Value
		p.mu.Unlock()
		r, err := l.Send(w.Context(), text("lost"))
		require.NoError(w, err)
		assert.Equal(w, Written, w.outcome(r))
		synctest.Wait()
		p.mu.Lock()
		assert.Same(w, turn, p.renters.Front().Value)
		p.mu.Unlock()
		l.Release()
		synctest.Wait()
		assert.True(w, first.done)
		assert.False(w, second.done)
		first.lease.Release()
		synctest.Wait()
		second.lease.Release()
	})
}

// TestWhoIsRefusedKeepsNothingReserved: what was kept for one who is refused is for others again.
func TestWhoIsRefusedKeepsNothingReserved(t *testing.T) {
	inWorld(t, sized(1), func(w *world) {
		w.mute()
		_, err := w.pool.Send(w.Context(), text("req 1"))
		require.NoError(w, err)
		synctest.Wait()
		r := w.rents()
		require.False(w, r.done)
		w.a.behave(reject(404, ""))
		w.a.open()[0].reset()
		time.Sleep(time.Minute)
		synctest.Wait()
		require.True(w, r.done)
		require.ErrorIs(w, r.err, ErrGaveUp)
		w.a.behave(nil)
		w.pool.Restart()
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(w, 1, w.pool.Snapshot().Usable)
		_, err = w.pool.Send(w.within(time.Minute), text("lost 2"))
		require.NoError(w, err)
	})
}

func TestDrainLeavesNothingReserved(t *testing.T) {
	inWorld(t, sized(1), func(w *world) {
		w.mute()
		m := text("req 1")
		m.Idempotent = true
		receipt, err := w.pool.Send(w.Context(), m)
		require.NoError(w, err)
		synctest.Wait()
		r := w.rents()
		require.False(w, r.done)
		var late error
		done := false
		go func() { late = w.pool.Drain(w.within(10 * time.Second)); done = true }()
		synctest.Wait()
		require.True(w, r.done)
		require.ErrorIs(w, r.err, ErrDraining)
		w.a.first(nil)
		w.a.open()[0].reset()
		time.Sleep(time.Minute)
		synctest.Wait()
		require.True(w, done)
		require.NoError(w, late)
		assert.Equal(w, Acked, receipt.Outcome())
	})
}

// TestWhatWasReservedAndIsLost: another connection is kept in its place.
func TestWhatWasReservedAndIsLost(t *testing.T) {
	inWorld(t, sized(2), func(w *world) {
		w.mute()
		for n := range 2 {
			_, err := w.pool.Send(w.Context(), text("req %d", n))
			require.NoError(w, err)
			synctest.Wait()
		}
		conns := w.a.open()
		require.Len(w, conns, 2)
		require.Len(w, conns[0].texts(), 1)
		require.Len(w, conns[1].texts(), 1)
		r := w.rents()
		require.False(w, r.done)
		_, err := w.pool.Send(w.Context(), text("req 2")) // goes to the one that was not kept
		require.NoError(w, err)
		synctest.Wait()
		kept, other := conns[0], conns[1]
		if len(conns[0].texts()) == 2 {
			kept, other = conns[1], conns[0]
		}
		w.a.behave(reject(503, ""))
		kept.reset()
		time.Sleep(time.Second)
		synctest.Wait()
		answered := 0
		for n := 3; n < 30 && !r.done; n++ {
			go func() { _, _ = w.pool.Send(w.within(time.Hour), text("req %d", n)) }()
			synctest.Wait()
			got := other.texts()
			for ; answered < len(got) && got[answered] != fmt.Sprint("req ", n); answered++ {
				other.say(strings.Replace(got[answered], "req", "res", 1))
				synctest.Wait()
			}
		}
		require.True(w, r.done, "the one that is left gets nothing new until it is free")
		require.NoError(w, r.err)
		r.lease.Release()
	})
}
