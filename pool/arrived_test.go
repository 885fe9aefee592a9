package pool

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/heal"
)

// single is a pool of one connection.
func single(c *Config) { c.Min, c.Max, c.MinReady = 1, 1, 1 }

// slowly has the pool take a second to read each answer, so that the news of a loss
// overtakes it.
func slowly(c *Config) {
	single(c)
	read := c.Correlate.Reply
	c.Correlate.Reply = func(m Message) (string, bool) {
		time.Sleep(time.Second)
		return read(m)
	}
}

// farewell answers a request and goes away, in one segment.
func farewell(c *served, s string) bool {
	rest, ok := strings.CutPrefix(s, "req ")
	if ok {
		f := ws.MustCompileFrame(ws.NewTextFrame([]byte("res " + rest)))
		_, _ = c.Conn.Write(append(f, ws.MustCompileFrame(ws.NewCloseFrame(ws.NewCloseFrameBody(1001, "")))...))
	}
	return ok
}

func TestAnAnswerThatCameBeforeTheEndCounts(t *testing.T) {
	inWorld(t, slowly, func(w *world) {
		w.a.first(farewell)
		m := text("req 1")
		m.Idempotent = true
		answer, err := w.pool.Request(w.within(time.Minute), m)
		require.NoError(w, err)
		assert.Equal(w, "res 1", string(answer.Payload))
		r, err := w.pool.Send(w.within(time.Minute), text("req 2"))
		require.NoError(w, err)
		assert.Equal(w, Acked, w.outcome(r))
		assert.Equal(w, []string{"req 1", "req 2"}, w.a.texts(), "what was answered is not sent again")
		require.Len(w, of(Lost, w.events()), 2)
	})
}

func TestWithoutAnAnswerTheEndSettles(t *testing.T) {
	inWorld(t, slowly, func(w *world) {
		w.a.first(func(c *served, s string) bool {
			c.say("res other")
			c.write(ws.NewCloseFrame(ws.NewCloseFrameBody(1001, "")))
			return true
		})
		begun := time.Now()
		r, err := w.pool.Send(w.Context(), text("req 1"))
		require.NoError(w, err)
		assert.Equal(w, Unknown, w.outcome(r))
		assert.Equal(w, time.Second, time.Since(begun), "when all that arrived was read")
		var f *Failure
		require.ErrorAs(w, r.Err(), &f)
		assert.Equal(w, uint16(1001), f.Code)
	})
}

// undivided has whatever arrives go to Config.Receive as long as nobody has anything to himself,
// and notes it.
func undivided(c *Config) (strangers func() []string) {
	var mu sync.Mutex
	var all []string
	c.Correlate, c.Topic = Correlate{}, nil
	c.Receive = func(m Message) { mu.Lock(); all = append(all, string(m.Payload)); mu.Unlock() }
	return func() []string { mu.Lock(); defer mu.Unlock(); return slices.Clone(all) }
}

// goes is a lease whose connection the server ended because of what was sent over it.
func (w *world) goes() *Lease {
	w.Helper()
	l, err := w.pool.Acquire(w.Context())
	require.NoError(w, err)
	_, err = l.Send(w.Context(), text("lost go"))
	require.NoError(w, err)
	<-l.Done()
	return l
}

func TestALeaseHasWhatArrivedBeforeItsEnd(t *testing.T) {
	for name, ids := range map[string]bool{"answers have ids": true, "undivided": false} {
		t.Run(name, func(t *testing.T) {
			var strangers func() []string
			change := func(c *Config) {
				single(c)
				was := c.Correlate
				c.InboxFrames, strangers = 1, undivided(c)
				if ids {
					c.Correlate = was
				}
			}
			inWorld(t, change, func(w *world) {
				w.a.first(func(c *served, s string) bool {
					if s == "lost go" {
						for n := range 3 {
							c.say(fmt.Sprint("secret ", n))
						}
						synctest.Wait()
						c.reset()
					}
					return true
				})
				l := w.goes()
				assert.Nil(w, w.pool.undivided.Load(), "what is read late has to be asked for its own")
				time.Sleep(time.Minute)
				for n := range 3 {
					m, err := l.Receive(w.within(time.Second))
					require.NoError(w, err)
					assert.Equal(w, fmt.Sprint("secret ", n), string(m.Payload))
				}
				_, err := l.Receive(w.within(time.Second))
				require.ErrorIs(w, err, ErrLeaseOver)
				assert.Empty(w, strangers())
				assert.Equal(w, 1, w.pool.Snapshot().Usable, "nobody is held up by who does not read")
			})
		})
	}
}

// TestASessionHasWhatArrivesOnItsConnection, and everybody what arrives on others.
func TestASessionHasWhatArrivesOnItsConnection(t *testing.T) {
	var strangers func() []string
	inWorld(t, func(c *Config) { single(c); strangers = undivided(c) }, func(w *world) {
		w.a.open()[0].say("for all")
		synctest.Wait()
		s, err := w.pool.Session(w.Context(), SessionConfig{Key: "k"})
		require.NoError(w, err)
		for _, c := range w.a.open() {
			c.say("for some")
		}
		synctest.Wait()
		assert.Equal(w, []string{"for some"}, heard(s.Receive))
		assert.Equal(w, []string{"for all", "for some"}, strangers())
	})
}

// streams has the server go on behind what hello says was received, and say 1 to 10 in all.
// With forgets it knows nothing of that and says 1 to 10 again.
func (w *world) streams(forgets bool) {
	w.a.first(func(c *served, s string) bool {
		rest, ok := strings.CutPrefix(s, "hello ")
		if !ok {
			return false
		}
		last := 0
		_, _ = fmt.Sscan(rest, &last)
		if forgets {
			last = 0
		}
		c.say(fmt.Sprint("resumed ", last))
		for n := last + 1; n <= 10; n++ {
			c.say(fmt.Sprint(n))
		}
		return true
	})
}

// streaming is a session that says which number it received last. A slow reader has room
// for two.
func streaming(forgets bool) SessionConfig {
	c := SessionConfig{Key: "k", Accept: resumes, Messages: 2, Hello: func(s State) Message {
		if s.Last == nil {
			return text("hello 0")
		}
		return text("hello %s", s.Last.Payload)
	}}
	if forgets {
		c.Accept = func(Message) (Continuity, error) { return Continuity{Kind: Fresh}, nil }
	}
	return c
}

func (w *world) told(s *Session) string {
	var all []string
	for {
		d, err := s.Receive(w.within(time.Second))
		if err != nil {
			return strings.Join(all, " ")
		}
		if d.Continuity.Kind != Unbroken {
			all = append(all, fmt.Sprint(d.Continuity.Kind))
		} else {
			all = append(all, string(d.Message.Payload))
		}
	}
}

// TestASlowReaderAcrossAReconnect: what arrived before the loss and was not read yet comes
// once, whether the peer sends it again or not, and what is said of the new connection
// comes behind it.
func TestASlowReaderAcrossAReconnect(t *testing.T) {
	for name, c := range map[string]struct {
		forgets bool
		want    string
	}{
		"resumed": {false, "1 2 3 resumed 4 5 6 7 8 9 10"},
		"fresh":   {true, "1 2 3 4 5 6 7 8 9 10 fresh 1 2 3 4 5 6 7 8 9 10"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, nil, func(w *world) {
				w.streams(c.forgets)
				s, err := w.pool.Session(w.Context(), streaming(c.forgets))
				require.NoError(w, err)
				synctest.Wait()
				w.a.heard("hello 0").reset()
				time.Sleep(10 * time.Second)
				assert.Equal(w, c.want, w.told(s))
			})
		})
	}
}

// TestASlowReaderAcrossAMoveThatFails: what the old connection brings meanwhile waits, and
// is delivered after all.
func TestASlowReaderAcrossAMoveThatFails(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.streams(false)
		s, err := w.pool.Session(w.Context(), streaming(false))
		require.NoError(w, err)
		require.Equal(w, "1 2 3 4 5 6 7 8 9 10", w.told(s))
		first := w.a.heard("hello 0")
		w.a.first(func(*served, string) bool { return true }) // hello is not answered
		w.pool.Renew()
		time.Sleep(time.Second)
		w.a.heard("hello 10")
		first.say("11")
		synctest.Wait()
		assert.Equal(w, heal.Joining, s.slot.phase)
		d, err := s.Receive(w.within(time.Second))
		require.ErrorIs(w, err, context.DeadlineExceeded, "it may come again: %s", d.Message.Payload)
		d, err = s.Receive(w.within(time.Minute))
		require.NoError(w, err)
		assert.Equal(w, "11", string(d.Message.Payload))
	})
}

// TestASessionWhoseReplacementDiesWhileItIsValidated goes on over its connection, though no
// other one ever follows.
func TestASessionWhoseReplacementDiesWhileItIsValidated(t *testing.T) {
	var late atomic.Bool
	var begun, gate chan struct{}
	inWorld(t, func(c *Config) {
		begun, gate = make(chan struct{}), make(chan struct{})
		c.Validate = func(ctx context.Context, x Exchange) error {
			if late.Load() { // it looks a token up elsewhere, say, whatever becomes of the connection
				close(begun)
				<-gate
				return nil
			}
			if err := x.Send(ctx, text("req v")); err != nil {
				return err
			}
			_, err := x.Receive(ctx, nil)
			return err
		}
	}, func(w *world) {
		s, err := w.pool.Session(w.Context(), lasting())
		require.NoError(w, err)
		synctest.Wait()
		before := len(w.a.all())
		late.Store(true)
		w.pool.fleet.Move(s.slot.client)
		<-begun
		w.a.l.Close() // no other dial succeeds
		w.a.all()[before].reset()
		synctest.Wait()
		close(gate)
		synctest.Wait()
		r, err := s.Send(w.Context(), numbered(1))
		require.NoError(w, err)
		synctest.Wait()
		assert.True(w, s.slot.ready())
		assert.Equal(w, Acked, r.Outcome())
	})
}

// TestAnAnswerToWhatWasNotSentYet is another message's, which had the id before. It must
// not be counted, and must not leave anything in flight.
func TestAnAnswerToWhatWasNotSentYet(t *testing.T) {
	change := func(c *Config) { full(Wait)(c); single(c); c.AnswerWithin = time.Hour }
	inWorld(t, change, func(w *world) {
		gate := make(chan struct{})
		w.a.first(func(c *served, _ string) bool {
			select {
			case <-gate:
			case <-c.server.quit:
			}
			return false
		})
		_, err := w.pool.Request(w.within(time.Second), text("req 7 first"))
		require.ErrorIs(w, err, context.DeadlineExceeded)
		w.fill()
		var answer Message
		go func() { answer, err = w.pool.Request(w.within(time.Hour), text("req 7 second")) }()
		synctest.Wait()
		w.a.open()[0].say("res 7 first")
		synctest.Wait()
		assert.Nil(w, answer.Payload, "it was not asked yet")
		w.a.first(nil)
		close(gate)
		synctest.Wait()
		require.NoError(w, err)
		assert.NotNil(w, answer.Payload)
		assert.Zero(w, w.pool.Snapshot().InFlight)
		require.NoError(w, w.pool.Drain(w.within(time.Hour)))
	})
}

// TestAnAnswerBeforeTheReportThatItsMessageWasWritten counts once that comes.
func TestAnAnswerBeforeTheReportThatItsMessageWasWritten(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		p := w.pool
		f, err := p.flight(text("req 1"), false)
		require.NoError(w, err)
		assert.False(w, p.answered("1", text("res 1")), "nobody has it")
		p.mu.Lock()
		p.attach(f, p.fit[0])
		p.mu.Unlock()
		assert.True(w, p.answered("1", text("res 1")))
		assert.Equal(w, Queued, f.receipt.Outcome())
		p.mu.Lock()
		f.written(p.fit[0].live)
		p.mu.Unlock()
		assert.Equal(w, Acked, f.receipt.Outcome())
		assert.Zero(w, p.Snapshot().InFlight)
	})
}

// TestAMessageWhoseSlotGoesWhileItIsHandedOver goes out once.
func TestAMessageWhoseSlotGoesWhileItIsHandedOver(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		p := w.pool
		f, err := p.flight(text("lost once"), false)
		require.NoError(w, err)
		p.mu.Lock()
		s := p.fit[0]
		p.attach(f, s)
		p.retire(s)
		p.mu.Unlock()
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Equal(w, Written, f.receipt.Outcome(), "over another one")
		assert.True(w, p.hand(s, f, false), "nothing is left to do")
		assert.Equal(w, []string{"lost once"}, w.a.texts())
	})
}

// TestWhatWasAnsweredIsNotKept until the time for its answer is over.
func TestWhatWasAnsweredIsNotKept(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		for n := range 1000 {
			r, err := w.pool.Send(w.Context(), text("req %d", n))
			require.NoError(w, err)
			require.Equal(w, Acked, w.outcome(r))
		}
		w.pool.mu.Lock()
		defer w.pool.mu.Unlock()
		assert.LessOrEqual(w, len(w.pool.aging), 70)
		for _, f := range w.pool.aging {
			assert.Nil(w, f.message.Payload)
		}
	})
}

// TestAMessageThatWasSettledBeforeItIsHandedOver is not sent, not even as an empty one.
func TestAMessageThatWasSettledBeforeItIsHandedOver(t *testing.T) {
	inWorld(t, sized(1), func(w *world) {
		p := w.pool
		f, err := p.flight(text("req 1"), true)
		require.NoError(w, err)
		f.tried = true // it was homeless: resettle has it
		p.mu.Lock()
		s := p.pick()
		p.attach(f, s)
		p.mu.Unlock()
		p.mu.Lock() // Request's context ends
		p.settle(f, f.unsent(), nil)
		p.mu.Unlock()
		p.hand(s, f, false)
		synctest.Wait()
		assert.Empty(w, w.a.texts(), "nothing that nobody sent")
	})
}

func TestAnAnswerBeforeAllOfItsMessageWasWritten(t *testing.T) {
	change := func(c *Config) { single(c); c.QueueBytes = 8 << 20 }
	inWorld(t, change, func(w *world) {
		w.a.first(func(c *served, _ string) bool { // it reads no more, and answers what it has seen of the next
			time.Sleep(3 * time.Second)
			c.say("res 1 too large")
			time.Sleep(100 * time.Millisecond)
			c.reset()
			return true
		})
		_, err := w.pool.Send(w.Context(), text("lost"))
		require.NoError(w, err)
		synctest.Wait()
		r, err := w.pool.Send(w.Context(), text("req 1 %s", strings.Repeat("x", 4<<20)))
		require.NoError(w, err)
		assert.Equal(w, Acked, w.outcome(r), fmt.Sprint(r.Err()))
	})
}

// TestALeaseHasLargeMessagesBeforeItsEnd, too, although they found room one by one.
func TestALeaseHasLargeMessagesBeforeItsEnd(t *testing.T) {
	change := func(c *Config) { single(c); c.InboxFrames, c.InboxBytes = 16, 100 }
	inWorld(t, change, func(w *world) {
		sizes := []int{90, 100, 30, 30, 30}
		w.a.first(func(c *served, s string) bool {
			if s == "lost go" {
				for _, n := range sizes {
					c.say(strings.Repeat("x", n))
					synctest.Wait()
				}
				c.reset()
			}
			return true
		})
		l := w.goes()
		time.Sleep(time.Minute)
		var got []int
		for {
			m, err := l.Receive(w.within(time.Second))
			if err != nil {
				break
			}
			got = append(got, len(m.Payload))
		}
		assert.Equal(w, sizes, got)
	})
}

// TestALeaseGetsNoStrangersAnswer, which comes late on the connection that is its own now.
func TestALeaseGetsNoStrangersAnswer(t *testing.T) {
	inWorld(t, single, func(w *world) {
		w.mute()
		_, err := w.pool.Request(w.within(time.Second), text("req 1"))
		require.Error(w, err)
		l, err := w.pool.Acquire(w.within(time.Minute))
		require.NoError(w, err)
		w.a.open()[0].say("res 1") // late: to be dropped
		synctest.Wait()
		m, err := l.Receive(w.within(time.Second))
		assert.Error(w, err, "%s", m.Payload)
		l.Release()
	})
}

// TestASlowReaderOfALargeMessage does not keep a session from coming back.
func TestASlowReaderOfALargeMessage(t *testing.T) {
	change := func(c *Config) { c.InboxFrames, c.InboxBytes = 16, 100 }
	inWorld(t, change, func(w *world) {
		c := lasting()
		c.Messages = 1
		s, err := w.pool.Session(w.Context(), c)
		require.NoError(w, err)
		conn := w.a.heard("hello k")
		for range 3 { // one is held for the reader, one waits for room there, one is in the inbox
			conn.say(strings.Repeat("x", 1000))
			synctest.Wait()
		}
		conn.reset()
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		_, err = s.Send(w.within(time.Minute), numbered(1))
		require.NoError(w, err)
		time.Sleep(time.Minute)
		w.pool.mu.Lock()
		phase, failure := s.slot.phase, s.slot.failure
		w.pool.mu.Unlock()
		assert.True(w, phase.Usable(), "%v %v", phase, failure)
	})
}
