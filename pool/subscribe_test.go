package pool

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// heard is what a stream holds now, in words.
func heard(next func(context.Context) (Delivery, error)) (all []string) {
	synctest.Wait()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for {
		d, err := next(ctx)
		switch c := d.Continuity; {
		case err != nil:
			return all
		case c.Kind == Unbroken:
			all = append(all, string(d.Message.Payload))
		default:
			all = append(all, fmt.Sprintf("%v from %d missed %d given up %d", c.Kind, c.From, c.Missed, c.GivenUp))
		}
	}
}

// confirmed reads "subbed TOPIC".
func confirmed(topic string) func(Message) (Continuity, bool) {
	return func(m Message) (Continuity, bool) {
		return Continuity{Kind: Resumed}, string(m.Payload) == "subbed "+topic
	}
}

func TestSubscription(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		sub, err := w.pool.Subscribe(w.Context(), SubscribeConfig{
			Topic: "t", Message: text("sub t"), Confirm: confirmed("t"), Cancel: text("lost unsub t"),
		})
		require.NoError(w, err)
		other, err := w.pool.Subscribe(w.Context(), SubscribeConfig{Topic: "u", Message: text("sub u")})
		require.NoError(w, err)
		synctest.Wait()
		w.a.publish("t", "1")
		w.a.publish("u", "2")
		w.a.publish("t", "3")
		assert.Equal(w, []string{"event t 1", "event t 3"}, heard(sub.Next), "in order, and nothing of its beginning")
		assert.Equal(w, []string{"event u 2"}, heard(other.Next))
		assert.NotSame(w, w.a.heard("sub t"), w.a.heard("sub u"), "they are spread")
		assert.Equal(w, 2, w.pool.Snapshot().Subscriptions)
		sub.Close()
		sub.Close()
		synctest.Wait()
		assert.Same(w, w.a.heard("sub t"), w.a.heard("lost unsub t"))
		_, err = sub.Next(w.Context())
		require.ErrorIs(w, err, ErrClosed)
		assert.Equal(w, 1, w.pool.Snapshot().Subscriptions)
	})
}

// TestSubscriptionMovesToAnotherConnectionAtOnce when its own is lost.
func TestSubscriptionMovesToAnotherConnectionAtOnce(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		sub, err := w.pool.Subscribe(w.Context(), SubscribeConfig{
			Topic: "t", Message: text("sub t"), Confirm: confirmed("t"),
			Again: func(last *Message) Message {
				assert.Equal(w, "event t 1", string(last.Payload))
				return text("sub t")
			},
		})
		require.NoError(w, err)
		w.a.publish("t", "1")
		synctest.Wait()
		begun := time.Now()
		w.a.heard("sub t").reset()
		synctest.Wait()
		w.a.publish("t", "2")
		assert.Equal(w, []string{"event t 1", "resumed from 0 missed 0 given up 0", "event t 2"}, heard(sub.Next))
		assert.Zero(w, time.Since(begun))
	})
}

// TestSubscriptionsComeBeforeNewerTraffic: where there is no other connection, the next
// one carries nothing before it.
func TestSubscriptionsComeBeforeNewerTraffic(t *testing.T) {
	inWorld(t, func(c *Config) { c.Min, c.Max, c.MinReady = 1, 1, 1 }, func(w *world) {
		sub, err := w.pool.Subscribe(w.Context(), SubscribeConfig{Topic: "t", Message: text("sub t")})
		require.NoError(w, err)
		w.a.open()[0].reset()
		synctest.Wait()
		go func() { _, _ = w.pool.Send(w.Context(), text("lost newer")) }()
		time.Sleep(5 * time.Second)
		synctest.Wait()
		assert.Equal(w, []string{"sub t", "lost newer"}, w.a.all()[1].texts())
		w.a.publish("t", "1")
		assert.Equal(w, []string{"fresh from 0 missed 0 given up 0", "event t 1"}, heard(sub.Next))
	})
}

func TestSlowSubscriberMissesAndIsTold(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		sub, err := w.pool.Subscribe(w.Context(), SubscribeConfig{Topic: "t", Message: text("sub t"), Messages: 2})
		require.NoError(w, err)
		synctest.Wait()
		for i := range 5 {
			w.a.publish("t", fmt.Sprint(i))
		}
		assert.Equal(w, []string{"gap from 0 missed 3 given up 0", "event t 3", "event t 4"}, heard(sub.Next))
		dropped := 0
		for _, ev := range of(MessagesDropped, w.events()) {
			dropped += ev.N
		}
		assert.Equal(w, 3, dropped)
		assert.Equal(w, uint64(3), w.pool.Snapshot().Totals.Dropped)
		_, err = w.pool.Request(w.Context(), text("req 1"))
		require.NoError(w, err, "nobody else was held up")
	})
}

func TestSubscribeHeedsItsContext(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.mute()
		_, err := w.pool.Subscribe(w.within(time.Second), SubscribeConfig{Topic: "t", Message: text("sub t"), Confirm: confirmed("t")})
		require.ErrorIs(w, err, context.DeadlineExceeded)
		assert.Zero(w, w.pool.Snapshot().Subscriptions)
		w.a.first(nil)
		w.a.publish("t", "1")
		_, err = w.pool.Subscribe(w.Context(), SubscribeConfig{Topic: "t", Message: text("sub t"), Confirm: confirmed("t")})
		require.NoError(w, err)
	})
}

// TestUnclaimedMessagesReachReceive, those of a topic that nobody has subscribed to, too.
func TestUnclaimedMessagesReachReceive(t *testing.T) {
	var got []string
	inWorld(t, func(c *Config) {
		c.Receive = func(m Message) { got = append(got, string(m.Payload)) }
	}, func(w *world) {
		c := w.a.open()[0]
		for _, s := range []string{"news 1", "event nobody 2", "res nobody 3"} {
			c.say(s)
		}
		synctest.Wait()
		assert.Equal(w, []string{"news 1", "event nobody 2", "res nobody 3"}, got)
	})
}
