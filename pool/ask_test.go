package pool

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/heal"
)

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
		p.mu.Lock()
		assert.Contains(w, p.adrift, sub)
		delete(p.adrift, sub)
		p.mu.Unlock()
		l.Release()
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
