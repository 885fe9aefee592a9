package pool

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/driver"
)

// count is how often a text arrived.
func (s *server) count(text string) (n int) {
	for _, got := range s.texts() {
		if got == text {
			n++
		}
	}
	return n
}

// stuck makes the servers stop reading at the first message, and sends so much that what
// follows on each connection waits in its queue, until hear is called.
func (w *world) stuck() (hear func()) {
	gate := make(chan struct{})
	stops := func(_ *served, s string) bool {
		if s == "lost stop" {
			<-gate
		}
		return false
	}
	w.a.first(stops)
	w.pool.mu.Lock()
	all := slices.Clone(w.pool.fit)
	w.pool.mu.Unlock()
	for _, s := range all {
		require.NoError(w, w.pool.fleet.Send(s.client, driver.Message{Payload: []byte("lost stop"), Text: true}))
		synctest.Wait()
		for range 8 {
			require.NoError(w, w.pool.fleet.Send(s.client, driver.Message{Payload: big().Payload}))
		}
	}
	synctest.Wait()
	return func() { close(gate); synctest.Wait() }
}

// roomy is a pool of n connections with a queue that takes what stuck sends.
func roomy(n int) func(*Config) {
	return func(c *Config) { sized(n)(c); c.QueueBytes = 1 << 20 }
}

// TestAnAskingWaitsForRoom, and takes no connection out of use that has some.
func TestAnAskingWaitsForRoom(t *testing.T) {
	inWorld(t, func(c *Config) { roomy(1)(c); c.QueueMessages = 9 }, func(w *world) {
		hear := w.stuck()
		full := false
		for !full {
			_, err := w.pool.Send(w.within(time.Millisecond), text("lost"))
			full = err != nil
		}
		var sub *Subscription
		go func() {
			sub, _ = w.pool.Subscribe(w.within(time.Minute), SubscribeConfig{Topic: "t", Message: text("sub t")})
		}()
		synctest.Wait()
		assert.Zero(w, w.a.count("sub t"))
		hear()
		assert.Equal(w, 1, w.a.count("sub t"))
		require.NotNil(w, sub, "at once")
		_, err := w.pool.Request(w.within(time.Second), text("req 1"))
		require.NoError(w, err)
	})
}

// TestAQueueThatMovesIsNotFull: it had no room for what the keeper had to send, but something
// had left it meanwhile, so that it is tried again.
func TestAQueueThatMovesIsNotFull(t *testing.T) {
	inWorld(t, sized(1), func(w *world) {
		p := w.pool
		p.mu.Lock()
		s := p.fit[0]
		sub := &Subscription{pool: p, over: true, config: SubscribeConfig{Cancel: text("lost unsub t")}}
		p.errands = append(p.errands, &errand{sub, s, s.live})
		p.crowded(s, s.progress-1)
		assert.False(w, s.full)
		p.mu.Unlock()
		synctest.Wait()
		assert.Equal(w, 1, w.a.count("lost unsub t"))
		p.mu.Lock()
		defer p.mu.Unlock()
		p.crowded(s, s.progress)
		assert.True(w, s.full)
		assert.Empty(w, p.fit)
		p.left(s)
		assert.Len(w, p.fit, 1)
	})
}

// TestAnAskingDoesNotOutliveItsConnection: it was queued, and nobody wants it any more when
// the next one comes.
func TestAnAskingDoesNotOutliveItsConnection(t *testing.T) {
	inWorld(t, roomy(1), func(w *world) {
		hear := w.stuck()
		_, err := w.pool.Subscribe(w.within(time.Second), SubscribeConfig{Topic: "t", Message: text("sub t"), Cancel: text("lost unsub t")})
		require.ErrorIs(w, err, context.DeadlineExceeded)
		w.a.heard("lost stop").reset()
		hear()
		time.Sleep(20 * time.Second)
		synctest.Wait()
		require.Len(w, w.a.all(), 2)
		assert.Zero(w, w.a.count("sub t"))
		assert.Zero(w, w.a.count("lost unsub t"))
	})
}

// TestASubscribeThatFailedAsksForNothing: the asking was still queued.
func TestASubscribeThatFailedAsksForNothing(t *testing.T) {
	inWorld(t, roomy(1), func(w *world) {
		hear := w.stuck()
		_, err := w.pool.Subscribe(w.within(time.Second), SubscribeConfig{Topic: "t", Message: text("sub t"), Cancel: text("lost unsub t")})
		require.ErrorIs(w, err, context.DeadlineExceeded)
		synctest.Wait()
		hear()
		assert.Zero(w, w.a.count("sub t"))
		assert.Zero(w, w.a.count("lost unsub t"))
		_, err = w.pool.Request(w.within(time.Second), text("req 1"))
		require.NoError(w, err, "everything before it was sent")
	})
}

// TestAnAskingThatIsTakenBackLeavesRoom.
func TestAnAskingThatIsTakenBackLeavesRoom(t *testing.T) {
	inQuietWorld(t, func(c *Config) { sized(1)(c); c.QueueMessages = 2 }, func(w *world) {
		w.net.Buffer = 1000
		w.open()
		gate := make(chan struct{})
		w.a.first(func(*served, string) bool { <-gate; return false })
		_, err := w.pool.Send(w.Context(), text("lost stop"))
		require.NoError(w, err)
		synctest.Wait()
		_, err = w.pool.Send(w.Context(), big())
		require.NoError(w, err)
		synctest.Wait() // until it is being written
		go func() {
			_, err := w.pool.Subscribe(w.within(time.Second), SubscribeConfig{Topic: "t", Message: text("sub t")})
			assert.ErrorIs(w, err, context.DeadlineExceeded)
		}()
		synctest.Wait()
		_, err = w.pool.Send(w.within(time.Millisecond), text("lost"))
		require.ErrorIs(w, err, ErrQueueFull)
		time.Sleep(time.Second)
		_, err = w.pool.Send(w.within(time.Millisecond), text("lost"))
		require.NoError(w, err)
		close(gate)
	})
}

// TestAnAskingThatMadeRoomIsSentAgain.
func TestAnAskingThatMadeRoomIsSentAgain(t *testing.T) {
	inQuietWorld(t, func(c *Config) { sized(1)(c); c.QueueMessages, c.QueueFull = 2, DropOldest }, func(w *world) {
		w.net.Buffer = 1000
		w.open()
		gate := make(chan struct{})
		w.a.first(func(_ *served, s string) bool {
			if s == "lost stop" {
				<-gate
			}
			return false
		})
		for _, m := range []Message{text("lost stop"), big()} {
			_, err := w.pool.Send(w.Context(), m)
			require.NoError(w, err)
			synctest.Wait() // until it is being written
		}
		var sub *Subscription
		go func() {
			sub, _ = w.pool.Subscribe(w.within(time.Minute), SubscribeConfig{Topic: "t", Message: text("sub t")})
		}()
		synctest.Wait()
		r, err := w.pool.Send(w.Context(), text("lost"))
		require.NoError(w, err)
		synctest.Wait()
		assert.Equal(w, NotSent, r.Outcome(), "it made room in its turn")
		close(gate)
		synctest.Wait()
		assert.NotNil(w, sub)
		assert.Equal(w, 1, w.a.count("sub t"))
	})
}

// TestAnAskingFindsItsConnectionOver before that is told: it waits for the next one.
func TestAnAskingFindsItsConnectionOver(t *testing.T) {
	var gate chan struct{}
	inWorld(t, func(c *Config) {
		sized(1)(c)
		gate = make(chan struct{})
		c.Judge = func(End) Ruling { <-gate; return Ruling{} }
	}, func(w *world) {
		w.a.open()[0].reset()
		synctest.Wait()
		var sub *Subscription
		go func() {
			sub, _ = w.pool.Subscribe(w.within(time.Minute), SubscribeConfig{Topic: "t", Message: text("sub t")})
		}()
		synctest.Wait()
		assert.Nil(w, sub)
		close(gate)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		assert.NotNil(w, sub)
	})
}

// TestASubscribeThatFailedIsCancelled where it has been asked for.
func TestASubscribeThatFailedIsCancelled(t *testing.T) {
	inWorld(t, sized(1), func(w *world) {
		_, err := w.pool.Subscribe(w.within(time.Second), SubscribeConfig{
			Topic: "t", Message: text("lost sub t"), Confirm: confirmed("t"), Cancel: text("lost unsub t"),
		})
		require.ErrorIs(w, err, context.DeadlineExceeded)
		synctest.Wait()
		assert.Equal(w, []string{"lost sub t", "lost unsub t"}, w.a.texts())
	})
}

// TestACancelWaitsForRoom.
func TestACancelWaitsForRoom(t *testing.T) {
	inWorld(t, func(c *Config) { roomy(1)(c); c.QueueMessages = 9 }, func(w *world) {
		sub, err := w.pool.Subscribe(w.Context(), SubscribeConfig{Topic: "t", Message: text("sub t"), Cancel: text("lost unsub t")})
		require.NoError(w, err)
		hear := w.stuck()
		full := false
		for !full {
			_, err := w.pool.Send(w.within(time.Millisecond), text("lost"))
			full = err != nil
		}
		sub.Close()
		synctest.Wait()
		hear()
		assert.Equal(w, 1, w.a.count("lost unsub t"))
	})
}

// TestAnAskingIsNotSentOverALease that takes its connection: it goes elsewhere.
func TestAnAskingIsNotSentOverALease(t *testing.T) {
	inWorld(t, roomy(2), func(w *world) {
		p := w.pool
		sub, err := p.Subscribe(w.Context(), SubscribeConfig{Topic: "t", Message: text("sub t"), Cancel: text("lost unsub t")})
		require.NoError(w, err)
		hear := w.stuck()
		p.mu.Lock()
		home := sub.home
		sub.castOff()
		e := sub.settleOn(home, home.live)
		p.mu.Unlock()
		require.NoError(w, p.fleet.Send(home.client, e.asking(text("sub t again"))))
		p.mu.Lock()
		p.lease(home)
		p.mu.Unlock()
		synctest.Wait()
		hear()
		assert.Zero(w, w.a.count("sub t again"))
		assert.Equal(w, 2, w.a.count("sub t"), "on the other one")
		assert.Zero(w, w.a.count("lost unsub t"), "it goes on")
	})
}

// TestALateAskingDoesNotCount: what is heard of one that was sent elsewhere before says
// nothing of the one that counts.
func TestALateAskingDoesNotCount(t *testing.T) {
	inWorld(t, sized(2), func(w *world) {
		p := w.pool
		p.mu.Lock()
		defer p.mu.Unlock()
		sub := &Subscription{pool: p, inbox: newInbox(1, 1, SkipOldest), ready: make(chan struct{})}
		one, other := p.fit[0], p.fit[1]
		first := sub.settleOn(one, one.live)
		assert.Equal(w, driver.Message{Payload: []byte("x"), Text: true, Ref: first, Gen: one.live}, first.asking(text("x")))
		sub.depart()
		second := sub.settleOn(other, other.live)
		first.written(first.gen)
		assert.False(w, sub.isReady)
		first.dropped(first.gen, 0)
		assert.Same(w, other, sub.home)
		second.written(second.gen)
		assert.True(w, sub.isReady)
		second.dropped(second.gen, 0)
		assert.Nil(w, sub.home)
		delete(p.adrift, sub)
		p.errands = nil
	})
}

// TestCancelComesBeforeALease, whose connection is not shared with it.
func TestCancelComesBeforeALease(t *testing.T) {
	inWorld(t, single, func(w *world) {
		sub, err := w.pool.Subscribe(w.within(time.Minute), SubscribeConfig{Topic: "t", Message: text("sub t"), Cancel: text("unsub t"), Confirm: func(m Message) (Continuity, bool) {
			return Continuity{}, string(m.Payload) == "subbed t"
		}})
		require.NoError(w, err)
		sub.Close()
		l, err := w.pool.Acquire(w.within(time.Minute))
		require.NoError(w, err)
		_, err = l.Send(w.within(time.Minute), text("lost mine"))
		require.NoError(w, err)
		synctest.Wait()
		assert.Equal(w, []string{"sub t", "unsub t", "lost mine"}, w.a.open()[0].texts())
		l.Release()
	})
}
