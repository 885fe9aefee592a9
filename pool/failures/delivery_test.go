package failures

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool"
)

// session opens one that is at-least-once and resumes, by the scripts' language.
func session(w *world, p *healed) *pool.Session {
	s, err := p.Session(w.within(time.Minute), pool.SessionConfig{
		Key: "k",
		Ack: func(m pool.Message) (pool.Ack, bool) {
			n, err := number("ack ", m)
			return pool.Ack{Seq: n}, err == nil
		},
		Hello: func(s pool.State) pool.Message { return message("hello %s", s.Key) },
		Accept: func(m pool.Message) (pool.Continuity, error) {
			if string(m.Payload) == "fresh" {
				return pool.Continuity{Kind: pool.Fresh, Reason: "the server knows nothing of it"}, nil
			}
			n, err := number("resumed ", m)
			return pool.Continuity{Kind: pool.Resumed, From: n}, err
		},
	})
	require.NoError(w, err)
	return s
}

func number(prefix string, m pool.Message) (uint64, error) {
	n, ok := strings.CutPrefix(string(m.Payload), prefix)
	if !ok {
		return 0, fmt.Errorf("expected %sN, got %q", prefix, m.Payload)
	}
	return strconv.ParseUint(n, 10, 64)
}

// sender sends numbered messages: through a session of ours, or the naive client.
func (w *world) sender(f flaws) func(n int) error {
	if !w.ours {
		c := w.naive(f)
		return func(n int) error { return c.send(fmt.Sprintf("msg %d", n)) }
	}
	s := session(w, w.pool(1, nil))
	return func(n int) error {
		m := message("msg %d", n)
		m.Seq = uint64(n)
		_, err := s.Send(w.within(time.Minute), m)
		return err
	}
}

// numbers are those that the server got.
func (s *server) received() (all []int) {
	for _, text := range s.texts() {
		if n, ok := strings.CutPrefix(text, "msg "); ok {
			k, _ := strconv.Atoi(n)
			all = append(all, k)
		}
	}
	return all
}

func upTo(n int) (all []int) {
	for i := range n {
		all = append(all, i+1)
	}
	return all
}

// TestLossOnReconnect: what was written when the connection was dead already is lost, and
// the write said that all was well.
func TestLossOnReconnect(t *testing.T) {
	naive, ours := both(t, func(w *world) []int {
		send := w.sender(flaws{pings: true, queues: true})
		settle(30 * time.Second)
		require.NoError(w, send(1))
		synctest.Wait()
		w.halfOpen(true)
		for n := 2; n <= 10; n++ {
			require.NoError(w, send(n), "it was accepted")
		}
		settle(time.Minute)
		require.NoError(w, send(11))
		settle(time.Minute)
		return w.a.received()
	})
	assert.Equal(t, []int{1, 11}, naive)
	assert.Equal(t, upTo(11), ours, "ours: all of them, in order")
}

// TestDuplicatesOnReconnect: the answer gets lost with the connection, the request is sent
// again, and the server does twice what it was asked once.
func TestDuplicatesOnReconnect(t *testing.T) {
	naive, ours := both(t, func(w *world) (done int) {
		w.a.first(func(c *served, text string) bool {
			if text != "req pay" {
				return false
			}
			w.a.mu.Lock()
			done++
			first := done == 1
			w.a.mu.Unlock()
			if first {
				c.reset()
			}
			return first
		})
		c := w.open(flaws{resends: -1}, nil)
		settle(30 * time.Second)
		_, err := c.request(w.within(time.Minute), "req pay")
		settle(time.Minute)
		if w.ours {
			require.ErrorIs(w, err, pool.ErrOutcomeUnknown)
		}
		w.a.mu.Lock()
		defer w.a.mu.Unlock()
		return done
	})
	assert.Equal(t, 2, naive)
	assert.Equal(t, 1, ours)
}

// TestWrongOutcome: a receipt says no more than is known.
func TestWrongOutcome(t *testing.T) {
	assertSymptom(t, "what never arrived was reported as sent", func(w *world) bool {
		c := w.open(flaws{queues: true}, nil)
		settle(30 * time.Second)
		w.halfOpen(true)
		if !w.ours {
			err := c.send("req 1")
			settle(time.Minute)
			return err == nil && len(w.a.texts()) == 0
		}
		written, err := c.(*healed).Send(w.Context(), message("req 1"))
		require.NoError(w, err)
		synctest.Wait()
		assert.Equal(w, pool.Written, written.Outcome())
		w.a.down()
		settle(20 * time.Second)
		queued, err := c.(*healed).Send(w.within(time.Hour), message("req 2"))
		if err == nil {
			require.NoError(w, c.(*healed).Close(w.within(time.Second)))
			<-queued.Done()
			assert.Equal(w, pool.NotSent, queued.Outcome())
			require.ErrorIs(w, queued.Err(), pool.ErrNotSent)
		}
		<-written.Done()
		require.ErrorIs(w, written.Err(), pool.ErrOutcomeUnknown)
		return written.Outcome() != pool.Unknown
	})
}

// TestUnsentIsLost: what nothing was written of goes over the next connection, before what
// is newer.
func TestUnsentIsLost(t *testing.T) {
	naive, ours := both(t, func(w *world) []int {
		send := w.sender(flaws{})
		settle(30 * time.Second)
		w.a.down()
		synctest.Wait()
		for n := 1; n <= 5; n++ {
			_ = send(n)
		}
		settle(10 * time.Second)
		w.a.up()
		settle(time.Minute)
		_ = send(6)
		settle(time.Minute)
		return w.a.received()
	})
	assert.Equal(t, []int{6}, naive)
	assert.Equal(t, upTo(6), ours)
}

// TestResumeWorksMoreThanOnce: the first heal brings everything back, and the second nothing.
func TestResumeWorksMoreThanOnce(t *testing.T) {
	naive, ours := both(t, func(w *world) []int {
		send := w.sender(flaws{pings: true, resends: 1})
		n := 0
		for range 5 {
			settle(30 * time.Second)
			w.halfOpen(true)
			n += 2
			_ = send(n - 1)
			_ = send(n)
			settle(30 * time.Second)
		}
		settle(time.Minute)
		return w.a.received()
	})
	assert.Equal(t, []int{1, 2}, naive)
	assert.Equal(t, upTo(10), ours, "ours: nothing is missing, doubled or out of order")
}

// TestResumeFailsSilently: the server has forgotten the stream, and the application takes
// what comes for what follows.
func TestResumeFailsSilently(t *testing.T) {
	t.Run("subscription", func(t *testing.T) {
		naive, ours := both(t, func(w *world) []string {
			var sub *pool.Subscription
			var c client
			if w.ours {
				p := w.pool(1, func(c *pool.Config) { c.Topic = word("event") })
				var err error
				sub, err = p.Subscribe(w.within(time.Minute), pool.SubscribeConfig{Topic: "t", Message: message("sub t")})
				require.NoError(w, err)
			} else {
				c = w.naive(flaws{})
			}
			settle(30 * time.Second)
			w.a.say("event t 1")
			settle(time.Second)
			w.a.down()
			settle(time.Second)
			w.a.say("event t 2")
			w.a.up()
			settle(time.Minute)
			w.a.say("event t 3")
			synctest.Wait()
			if c != nil {
				return c.heard()
			}
			return stream(sub.Next)
		})
		assert.Equal(t, []string{"event t 1", "event t 3"}, naive)
		assert.Equal(t, []string{"event t 1", "fresh", "event t 3"}, ours)
	})
	t.Run("session", func(t *testing.T) {
		inWorld(t, true, func(w *world) {
			s := session(w, w.pool(1, nil))
			w.a.first(func(c *served, text string) bool {
				if text == "hello k" {
					c.say("fresh")
				}
				return text == "hello k"
			})
			w.a.reset()
			settle(time.Minute)
			assert.Equal(w, []string{"fresh"}, stream(s.Receive))
		})
	})
}

// stream is what a stream holds now, in words.
func stream(next func(context.Context) (pool.Delivery, error)) (all []string) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for {
		d, err := next(ctx)
		if err != nil {
			return all
		}
		if d.Continuity.Kind != pool.Unbroken {
			all = append(all, d.Continuity.Kind.String())
		} else {
			all = append(all, string(d.Message.Payload))
		}
	}
}

// TestOrderAcrossHeals: random trouble, and the server sees every number, the first times
// in order.
func TestOrderAcrossHeals(t *testing.T) {
	naive, ours := both(t, func(w *world) bool {
		send := w.sender(flaws{pings: true, queues: true, resends: -1})
		settle(30 * time.Second)
		draw := newDraw()
		n := 0
		for range 40 {
			for range draw.IntN(5) {
				n++
				_ = send(n)
			}
			switch draw.IntN(3) {
			case 0:
				w.a.reset()
			case 1:
				w.halfOpen(true)
			}
			settle(time.Duration(draw.IntN(30_000)) * time.Millisecond)
		}
		settle(5 * time.Minute)
		var first []int
		for _, k := range w.a.received() {
			if !slices.Contains(first, k) {
				first = append(first, k)
			}
		}
		return slices.Equal(upTo(n), first)
	})
	assert.False(t, naive)
	assert.True(t, ours)
}
