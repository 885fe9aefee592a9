package pool

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// acks reads "ack N", one by one.
func acks(m Message) (Ack, bool) {
	n, ok := strings.CutPrefix(string(m.Payload), "ack ")
	seq, err := strconv.ParseUint(n, 10, 64)
	return Ack{Seq: seq}, ok && err == nil
}

// resumes reads "resumed N".
func resumes(m Message) (Continuity, error) {
	n, ok := strings.CutPrefix(string(m.Payload), "resumed ")
	seq, err := strconv.ParseUint(n, 10, 64)
	if !ok || err != nil {
		return Continuity{}, fmt.Errorf("expected resumed N, got %q", m.Payload)
	}
	return Continuity{Kind: Resumed, From: seq}, nil
}

// numbered is a message of a session.
func numbered(n int) Message {
	m := text("msg %d", n)
	m.Seq = uint64(n)
	return m
}

// lasting is a session that is at-least-once and resumes.
func lasting() SessionConfig {
	return SessionConfig{
		Key: "k", Ack: acks, Accept: resumes,
		Hello: func(s State) Message { return text("hello %s", s.Key) },
	}
}

func TestSessionSendsInOrderAndResumes(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		s, err := w.pool.Session(w.Context(), lasting())
		require.NoError(w, err)
		var receipts []*Receipt
		send := func(n int) {
			r, err := s.Send(w.Context(), numbered(n))
			require.NoError(w, err)
			receipts = append(receipts, r)
		}
		send(1)
		assert.Equal(w, Acked, w.outcome(receipts[0]))
		// The server takes 2 and 3, and its answers get lost with the connection.
		c := w.a.heard("hello k")
		c.server.mu.Lock()
		c.server.numbers["k"] = 2
		c.server.mu.Unlock()
		w.mute()
		send(2)
		send(3)
		synctest.Wait()
		w.a.first(nil)
		c.reset()
		synctest.Wait()
		send(4)
		assert.Equal(w, []Outcome{Acked, Written, Written, Queued}, outcomes(receipts))
		time.Sleep(5 * time.Second)
		synctest.Wait()
		assert.Equal(w, []Outcome{Acked, Acked, Acked, Acked}, outcomes(receipts))
		again := w.a.all()[len(w.a.all())-1]
		assert.Equal(w, []string{"hello k", "msg 3", "msg 4"}, again.texts(), "what the server has is not sent again")
		assert.Equal(w, []string{"resumed from 2 missed 0 given up 0"}, heard(s.Receive))
		_, err = s.Send(w.Context(), numbered(4))
		require.ErrorIs(w, err, ErrSequence)
		require.NoError(w, s.Close(w.Context()))
		synctest.Wait()
		assert.Equal(w, []uint16{1000}, again.closes())
		_, err = s.Receive(w.Context())
		require.ErrorIs(w, err, ErrClosed)
		assert.Equal(w, 2, w.pool.Snapshot().Usable, "the pool's own are others")
	})
}

func outcomes(all []*Receipt) (out []Outcome) {
	for _, r := range all {
		out = append(out, r.Outcome())
	}
	return out
}

// TestSessionLosesNothingAndKeepsOrder over many losses, with messages all the time.
func TestSessionLosesNothingAndKeepsOrder(t *testing.T) {
	for _, policy := range []string{"resets", "moves"} {
		t.Run(policy, func(t *testing.T) {
			inWorld(t, nil, func(w *world) {
				w.net.Latency = 120 * time.Millisecond // so that a hello takes a while
				s, err := w.pool.Session(w.Context(), lasting())
				require.NoError(w, err)
				const n = 300
				var receipts []*Receipt
				go func() {
					for i := range n {
						r, err := s.Send(w.Context(), numbered(i+1))
						assert.NoError(w, err)
						receipts = append(receipts, r)
						time.Sleep(100 * time.Millisecond)
					}
				}()
				for range 6 {
					time.Sleep(4 * time.Second)
					if policy == "moves" {
						w.pool.Renew()
						continue
					}
					for _, c := range w.a.open() {
						c.reset()
					}
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				require.Len(w, receipts, n)
				for _, r := range receipts {
					assert.Equal(w, Acked, r.Outcome())
				}
				seen, last := map[string]bool{}, 0
				for _, got := range w.a.texts() {
					if number, ok := strings.CutPrefix(got, "msg "); ok && !seen[got] {
						seen[got] = true
						i, _ := strconv.Atoi(number)
						assert.Equal(w, last+1, i, "the first of each is in order")
						last = i
					}
				}
				assert.Equal(w, n, last)
				if policy == "moves" {
					assert.GreaterOrEqual(w, len(of(Moved, w.events())), 6)
					assert.Empty(w, of(Lost, w.events()))
				}
			})
		})
	}
}

func TestSessionWithoutAcknowledgementsIsAtMostOnce(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		s, err := w.pool.Session(w.Context(), SessionConfig{Key: "k"})
		require.NoError(w, err)
		r, err := s.Send(w.Context(), text("msg 1"))
		require.NoError(w, err)
		assert.Equal(w, Written, w.outcome(r))
		assert.Equal(w, []string{"ack 1"}, heard(s.Receive), "it is a message like others")
		w.a.heard("msg 1").reset()
		synctest.Wait()
		r, err = s.Send(w.Context(), text("msg 2"))
		require.NoError(w, err)
		assert.Equal(w, Written, w.outcome(r))
		assert.Equal(w, []string{"fresh from 0 missed 0 given up 0", "ack 2"}, heard(s.Receive))
		assert.Equal(w, []string{"msg 1", "msg 2"}, w.a.texts())
	})
}

func TestSessionsRingIsBounded(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		c := lasting()
		c.Ring = Ring{Messages: 3, Bytes: 20, Age: time.Minute}
		s, err := w.pool.Session(w.Context(), c)
		require.NoError(w, err)
		w.mute()
		var receipts []*Receipt
		for i := range 3 {
			r, err := s.Send(w.Context(), numbered(i+1))
			require.NoError(w, err)
			receipts = append(receipts, r)
		}
		_, err = s.Send(w.within(time.Second), numbered(4))
		require.ErrorIs(w, err, ErrQueueFull)
		require.ErrorIs(w, err, context.DeadlineExceeded)
		_, err = s.Send(w.Context(), Message{Payload: make([]byte, 21)})
		require.ErrorIs(w, err, ErrTooLarge)
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Equal(w, []Outcome{Unknown, Unknown, Unknown}, outcomes(receipts))
		assert.Equal(w, []string{"gap from 0 missed 0 given up 3"}, heard(s.Receive))
		_, err = s.Send(w.Context(), numbered(4))
		require.NoError(w, err)
	})
}

func TestSessionIsRefused(t *testing.T) {
	inWorld(t, func(c *Config) { c.Sessions = 1 }, func(w *world) {
		s, err := w.pool.Session(w.Context(), lasting())
		require.NoError(w, err)
		_, err = w.pool.Session(w.Context(), lasting())
		require.ErrorIs(w, err, ErrDuplicate)
		_, err = w.pool.Session(w.Context(), SessionConfig{Key: "other"})
		require.ErrorContains(w, err, "Config.Sessions")
		_, err = w.pool.Session(w.Context(), SessionConfig{Key: "x", Accept: resumes})
		require.ErrorContains(w, err, "expected Hello")
		require.NoError(w, s.Close(w.Context()))
		synctest.Wait()

		w.a.first(func(c *served, text string) bool {
			c.say("what?")
			return strings.HasPrefix(text, "hello")
		})
		_, err = w.pool.Session(w.within(5*time.Second), lasting())
		require.ErrorIs(w, err, ErrNoConnection)
		assert.ErrorContains(w, err, `expected resumed N, got "what?"`)
		w.a.first(nil)
		time.Sleep(time.Minute)
		s, err = w.pool.Session(w.Context(), lasting())
		require.NoError(w, err, "the key is free again")
		require.NoError(w, s.Close(w.Context()))
	})
}

func TestSessionGivesUpAloud(t *testing.T) {
	inWorld(t, func(c *Config) { c.RestartAfter = time.Minute }, func(w *world) {
		s, err := w.pool.Session(w.Context(), lasting())
		require.NoError(w, err)
		w.a.behave(reject(403, ""))
		w.a.heard("hello k").reset()
		_, err = s.Receive(w.Context())
		require.ErrorIs(w, err, ErrGaveUp)
		_, err = s.Send(w.Context(), numbered(1))
		require.ErrorIs(w, err, ErrGaveUp)
		w.a.behave(nil)
		time.Sleep(time.Minute * 12 / 10)
		synctest.Wait()
		r, err := s.Send(w.Context(), numbered(1))
		require.NoError(w, err)
		assert.Equal(w, Acked, w.outcome(r))
	})
}

func TestSessionClosesWithWhatIsLeft(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		s, err := w.pool.Session(w.Context(), lasting())
		require.NoError(w, err)
		w.mute()
		r, err := s.Send(w.Context(), numbered(1))
		require.NoError(w, err)
		err = s.Close(w.within(time.Second))
		require.ErrorIs(w, err, context.DeadlineExceeded)
		assert.ErrorContains(w, err, "1 messages left")
		assert.Equal(w, Unknown, w.outcome(r))
		require.NoError(w, s.Close(w.Context()), "again")
	})
}

// TestSessionStandsStillWhileItMoves: what was handed over has left before the hello, and
// nothing is handed over until the new connection is in use. Else it would go over the old
// one, to a server that has stopped listening there.
func TestSessionStandsStillWhileItMoves(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		var moving atomic.Pointer[Session]
		queued := func(s *Session) int {
			w.pool.mu.Lock()
			defer w.pool.mu.Unlock()
			return s.ring.queued
		}
		var hellos atomic.Int32
		c := lasting()
		c.Hello = func(State) Message {
			hellos.Add(1)
			if s := moving.Load(); s != nil {
				assert.Zero(w, queued(s))
			}
			return text("hello k")
		}
		c.Accept = func(m Message) (Continuity, error) {
			if s := moving.Load(); s != nil {
				r, err := s.Send(context.Background(), numbered(4))
				assert.NoError(w, err)
				time.Sleep(time.Second)
				assert.Equal(w, Queued, r.Outcome())
				assert.Zero(w, queued(s))
			}
			return resumes(m)
		}
		opened, err := w.pool.Session(w.Context(), c)
		require.NoError(w, err)
		hear := w.deaf()
		var receipts []*Receipt
		for i := range 3 {
			m := Message{Payload: fmt.Appendf(nil, "msg %d ", i+1), Seq: uint64(i + 1)}
			m.Payload = append(m.Payload, make([]byte, 60<<10)...)
			r, err := opened.Send(w.Context(), m)
			require.NoError(w, err)
			receipts = append(receipts, r)
		}
		synctest.Wait()
		assert.Positive(w, queued(opened))
		moving.Store(opened)
		w.pool.Renew()
		time.Sleep(time.Second)
		assert.EqualValues(w, 1, hellos.Load(), "it waits")
		hear()
		time.Sleep(10 * time.Second)
		assert.EqualValues(w, 2, hellos.Load())
		assert.Equal(w, []Outcome{Acked, Acked, Acked}, outcomes(receipts))
		assert.Contains(w, w.a.texts(), "msg 4")
	})
}

func TestBoundsOfReadersAreChecked(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		_, err := w.pool.Session(w.Context(), SessionConfig{Ring: Ring{Messages: -1, Bytes: -1, Age: -1}, Messages: -1, Bytes: -1, Slow: 9})
		for _, field := range []string{"Key", "Ring.Messages", "Ring.Bytes", "Ring.Age", "Messages", "Bytes", "Slow"} {
			require.ErrorContains(w, err, "SessionConfig."+field+": expected")
		}
		_, err = w.pool.Subscribe(w.Context(), SubscribeConfig{Topic: "t", Messages: -1, Bytes: -1, Slow: 9, Message: Message{Payload: make([]byte, 1<<20)}})
		for _, field := range []string{"Messages", "Bytes", "Slow"} {
			require.ErrorContains(w, err, "SubscribeConfig."+field+": expected")
		}
		require.ErrorIs(w, err, ErrTooLarge)
		huge := func(State) Message { return Message{Payload: make([]byte, 1<<20)} }
		_, err = w.pool.Session(w.within(5*time.Second), SessionConfig{Key: "k", Hello: huge})
		require.ErrorIs(w, err, ErrTooLarge)
		assert.Zero(w, w.pool.Snapshot().Sessions)
	})
}

func TestTooManySessions(t *testing.T) {
	inWorld(t, func(c *Config) { c.Sessions = 1 }, func(w *world) {
		_, err := w.pool.Session(w.within(time.Minute), SessionConfig{Key: "k"})
		require.NoError(w, err)
		_, err = w.pool.Session(w.within(time.Minute), SessionConfig{Key: "l"})
		require.ErrorIs(w, err, ErrTooManySessions)
	})
}

func TestAfterCloseEverythingSaysClosed(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		require.NoError(w, w.pool.Close(w.Context()))
		require.ErrorIs(w, w.pool.SetEndpoints(w.config.Endpoints), ErrClosed)
		require.ErrorIs(w, w.pool.Resize(1, 2), ErrClosed)
		_, err := w.pool.Acquire(w.Context())
		require.ErrorIs(w, err, ErrClosed)
		_, err = w.pool.Subscribe(w.Context(), SubscribeConfig{Topic: "t"})
		require.ErrorIs(w, err, ErrClosed)
		err = w.pool.SetEndpoints([]Endpoint{{URL: "x"}})
		require.EqualError(w, err, `set endpoints: Endpoints[0].URL: expected a URL such as ws://host:port/path, got "x"`)
	})
}

func TestAPeerThatHasMoreThanWasSentIsNotSilent(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		from := uint64(1000)
		s, err := w.pool.Session(w.within(time.Minute), SessionConfig{
			Key: "k", Ack: func(Message) (Ack, bool) { return Ack{}, false }, Hello: func(State) Message { return text("hello k") },
			Accept: func(Message) (Continuity, error) { return Continuity{Kind: Resumed, From: from}, nil },
		})
		require.NoError(w, err)
		assert.Equal(w, []string{"resumed from 1000 missed 0 given up 0"}, heard(s.Receive))
		_, err = s.Send(w.Context(), Message{Seq: 5})
		require.ErrorIs(w, err, ErrSequence)
		_, err = s.Send(w.Context(), Message{Seq: 1001})
		require.NoError(w, err)
	})
}

// TestWhatWasNotSentIsNotAcknowledged: the peer remembers more of a key than this process
// has sent.
func TestWhatWasNotSentIsNotAcknowledged(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		s, err := w.pool.Session(w.Context(), lasting())
		require.NoError(w, err)
		w.a.heard("hello k").reset()
		synctest.Wait()
		w.a.mu.Lock()
		w.a.numbers["k"] = 100 // by another process
		w.a.mu.Unlock()
		r, err := s.Send(w.Context(), numbered(5)) // there is no connection
		require.NoError(w, err)
		assert.Equal(w, Acked, w.outcome(r))
		assert.Contains(w, w.a.texts(), "msg 5")
	})
}

// TestAcknowledgedBeforeTheReportThatItWasWritten: the reader of a connection may be ahead
// of its writer, but no acknowledgement is about what was written to a later connection.
func TestAcknowledgedBeforeTheReportThatItWasWritten(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		s, err := w.pool.Session(w.Context(), lasting())
		require.NoError(w, err)
		w.pool.mu.Lock()
		defer w.pool.mu.Unlock()
		for gen, want := range map[uint32]Outcome{7: Acked, 8: Written} {
			e := &entry{session: s, message: numbered(1), receipt: &Receipt{}}
			s.ring.add(e)
			s.ring.move(e, handed)
			s.acknowledge(Ack{Seq: 1}, 7)
			assert.Equal(w, Queued, e.receipt.Outcome())
			e.written(gen)
			assert.Equal(w, want, e.receipt.Outcome())
			s.settle(e, Acked, nil)
			s.tidy()
		}
	})
}

// TestWhatIsTooOldWhenItIsWritten was on its way, and is given up then.
func TestWhatIsTooOldWhenItIsWritten(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		s, err := w.pool.Session(w.Context(), lasting())
		require.NoError(w, err)
		p := w.pool
		p.mu.Lock()
		e := &entry{session: s, message: numbered(1), receipt: &Receipt{}, since: p.now()}
		s.ring.add(e)
		s.ages(e)
		s.ring.move(e, handed)
		p.mu.Unlock()
		time.Sleep(s.config.Ring.Age + time.Second)
		assert.Equal(w, Queued, e.receipt.Outcome())
		p.mu.Lock()
		e.written(s.slot.live)
		p.mu.Unlock()
		assert.Equal(w, Unknown, w.outcome(e.receipt))
	})
}
