package pool

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/driver"
	"github.com/wsheal/wsheal/pool/heal"
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

// TestAnAskingThatCanNeverBeSentEndsItsSubscription, and nothing else.
func TestAnAskingThatCanNeverBeSentEndsItsSubscription(t *testing.T) {
	for name, bad := range map[string]struct {
		again Message
		want  error
	}{
		"too large": {text("sub %s", strings.Repeat("x", 100)), ErrTooLarge},
		"not text":  {Message{Payload: []byte("sub \xff"), Text: true}, ErrNotText},
	} {
		for _, connections := range []int{1, 2} { // it is asked for before the data of a new connection, or on the other one
			t.Run(name, func(t *testing.T) {
				inWorld(t, func(c *Config) { sized(connections)(c); c.QueueBytes = 64 }, func(w *world) {
					sub, err := w.pool.Subscribe(w.Context(), SubscribeConfig{
						Topic: "t", Message: text("sub t"), Again: func(*Message) Message { return bad.again },
					})
					require.NoError(w, err)
					synctest.Wait()
					w.a.heard("sub t").reset()
					time.Sleep(5 * time.Second)
					synctest.Wait()
					_, err = sub.Next(w.Context())
					require.ErrorIs(w, err, bad.want)
					require.ErrorContains(w, err, "subscription t: again: ")
					w.pool.mu.Lock()
					assert.Len(w, w.pool.fit, connections)
					w.pool.mu.Unlock()
					assert.Zero(w, w.pool.Snapshot().Subscriptions)
					assert.Empty(w, of(Attempted, w.events()))
				})
			})
		}
	}
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

// TestALeaseIsNotAskedOn: a subscription that has nowhere to go is nothing for a connection
// that is to replace a leased one.
func TestALeaseIsNotAskedOn(t *testing.T) {
	inWorld(t, sized(1), func(w *world) {
		l, err := w.pool.Acquire(w.Context())
		require.NoError(w, err)
		p := w.pool
		sub := &Subscription{pool: p, asked: true}
		p.mu.Lock()
		p.adrift[sub] = struct{}{}
		p.mu.Unlock()
		require.NoError(w, p.subscribeAgain(w.Context(), nil, l.slot))
		assert.Contains(w, p.adrift, sub)
		delete(p.adrift, sub)
		l.Release()
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

// TestACloseDuringAMoveCancelsOnBoth connections, for one of them goes on.
func TestACloseDuringAMoveCancelsOnBoth(t *testing.T) {
	for name, moves := range map[string]bool{"moves": true, "does not move": false} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, sized(1), func(w *world) {
				sub, err := w.pool.Subscribe(w.Context(), SubscribeConfig{
					Topic: "t", Message: text("sub t"), Confirm: confirmed("t"), Cancel: text("lost unsub t"),
				})
				require.NoError(w, err)
				old := w.a.heard("sub t")
				w.a.first(func(_ *served, s string) bool { return s == "sub t" }) // says nothing for now
				w.pool.Renew()
				synctest.Wait()
				require.Equal(w, 1, w.pool.Snapshot().Phases[heal.Joining])
				next := w.a.all()[1]
				require.Equal(w, []string{"sub t"}, next.texts())
				sub.Close()
				synctest.Wait()
				assert.Equal(w, []string{"sub t", "lost unsub t"}, old.texts())
				if !moves {
					next.reset()
					time.Sleep(time.Second)
					_, err := w.pool.Request(w.Context(), text("req 1"))
					require.NoError(w, err)
					return
				}
				next.say("subbed t")
				time.Sleep(time.Second)
				synctest.Wait()
				assert.Equal(w, []string{"sub t", "lost unsub t"}, next.texts())
			})
		})
	}
}

// TestASubscribeDuringAMoveIsForTheNewConnection: the old one may have its asking too late for
// the new one to carry the stream.
func TestASubscribeDuringAMoveIsForTheNewConnection(t *testing.T) {
	for name, moves := range map[string]bool{"moves": true, "does not move": false} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, sized(1), func(w *world) {
				_, err := w.pool.Subscribe(w.Context(), SubscribeConfig{Topic: "t", Message: text("sub t"), Confirm: confirmed("t")})
				require.NoError(w, err)
				w.a.first(func(_ *served, s string) bool { return s == "sub t" })
				w.pool.Renew()
				synctest.Wait()
				require.Equal(w, 1, w.pool.Snapshot().Phases[heal.Joining])
				var sub *Subscription
				go func() {
					sub, _ = w.pool.Subscribe(w.within(time.Minute), SubscribeConfig{Topic: "u", Message: text("sub u")})
				}()
				synctest.Wait()
				w.a.first(nil)
				if moves {
					w.a.all()[1].say("subbed t")
				} else {
					w.a.all()[1].reset()
				}
				synctest.Wait()
				require.NotNil(w, sub)
				w.a.publish("u", "1")
				assert.Equal(w, []string{"event u 1"}, heard(sub.Next))
			})
		})
	}
}

// TestAConnectionDoesNotDependOnANewSubscription that nobody confirms.
func TestAConnectionDoesNotDependOnANewSubscription(t *testing.T) {
	inWorld(t, sized(1), func(w *world) {
		w.a.open()[0].reset()
		synctest.Wait()
		go func() {
			_, err := w.pool.Subscribe(w.within(time.Minute), SubscribeConfig{Topic: "t", Message: text("lost sub t"), Confirm: confirmed("t")})
			assert.ErrorIs(w, err, context.DeadlineExceeded)
		}()
		time.Sleep(2 * time.Second)
		_, err := w.pool.Request(w.within(time.Second), text("req 1"))
		require.NoError(w, err)
		time.Sleep(time.Minute)
		assert.Equal(w, 1, w.a.count("lost sub t"))
	})
}

// TestAConnectionIsUsedWithoutAConfirmation that does not come: one topic that the server does
// not know any more is no end of the pool.
func TestAConnectionIsUsedWithoutAConfirmation(t *testing.T) {
	inWorld(t, sized(1), func(w *world) {
		var subs []*Subscription
		for _, topic := range []string{"t", "u"} {
			sub, err := w.pool.Subscribe(w.Context(), SubscribeConfig{Topic: topic, Message: text("sub %s", topic), Confirm: confirmed(topic)})
			require.NoError(w, err)
			subs = append(subs, sub)
		}
		w.a.first(func(_ *served, s string) bool { return strings.HasPrefix(s, "sub ") })
		w.a.open()[0].reset()
		_, err := w.pool.Request(w.within(time.Second+brisk().ProveTimeout/2), text("req 1"))
		require.NoError(w, err)
		c := w.a.open()[0]
		assert.ElementsMatch(w, []string{"sub t", "sub u"}, c.texts()[:2], "they come before all others")
		c.say("subbed u")
		c.say("event u 1")
		c.say("subbed t")
		for i, want := range [][]string{
			{"resumed from 0 missed 0 given up 0"}, {"resumed from 0 missed 0 given up 0", "event u 1"},
		} {
			assert.Equal(w, want, heard(subs[i].Next))
		}
		assert.Empty(w, of(Attempted, w.events()))
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
