package pool

import (
	"math"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// deaf makes every server stop reading, so that queues fill, until it is told to go on.
func (w *world) deaf() (hear func()) {
	gate := make(chan struct{})
	w.a.first(func(c *served, _ string) bool {
		select {
		case <-gate:
		case <-c.server.quit:
		}
		return false
	})
	for range 2 {
		_, err := w.pool.Send(w.Context(), text("lost"))
		require.NoError(w, err)
	}
	return func() {
		w.a.first(nil)
		close(gate)
	}
}

// big is a message of which few fit.
func big() Message { return Message{Payload: make([]byte, 60<<10)} }

// fill sends until there is no more room.
func (w *world) fill() (all []*Receipt) {
	for {
		r, err := w.pool.Send(w.within(time.Millisecond), big())
		if err != nil {
			require.ErrorIs(w, err, ErrQueueFull)
			return all
		}
		all = append(all, r)
		require.Less(w, len(all), 100)
	}
}

func full(q QueueFull) func(*Config) {
	return func(c *Config) {
		c.QueueFull = q
		c.Max = 2
		c.QueueBytes = 128 << 10
	}
}

func TestSendWaitsForRoom(t *testing.T) {
	inWorld(t, full(Wait), func(w *world) {
		hear := w.deaf()
		w.fill()
		var sent atomic.Int32
		for range 3 {
			go func() {
				_, err := w.pool.Send(w.Context(), big())
				assert.NoError(w, err)
				sent.Add(1)
			}()
		}
		synctest.Wait()
		assert.Zero(w, sent.Load())
		assert.Equal(w, 3, w.pool.Snapshot().Waiting)
		hear()
		synctest.Wait()
		assert.EqualValues(w, 3, sent.Load())
		assert.Zero(w, w.pool.Snapshot().Waiting)
		assert.Equal(w, 2, w.pool.Snapshot().Usable, "no context that ended has hurt a connection")
	})
}

func TestSendFailsFast(t *testing.T) {
	inWorld(t, full(FailFast), func(w *world) {
		w.deaf()
		begun := time.Now()
		w.fill()
		assert.Zero(w, time.Since(begun))
		w.a.down()
		synctest.Wait()
		_, err := w.pool.Send(w.Context(), text("x"))
		require.ErrorIs(w, err, ErrNoConnection)
	})
}

func TestSendDropsTheOldest(t *testing.T) {
	inWorld(t, full(DropOldest), func(w *world) {
		hear := w.deaf()
		var all []*Receipt
		for range 30 {
			r, err := w.pool.Send(w.Context(), big())
			require.NoError(w, err)
			all = append(all, r)
			synctest.Wait()
		}
		counts := map[Outcome]int{}
		for _, r := range all {
			counts[r.Outcome()]++
			if r.Outcome() == NotSent {
				require.ErrorIs(w, r.Err(), ErrQueueFull)
			}
		}
		assert.Positive(w, counts[NotSent])
		assert.Equal(w, Queued, all[29].Outcome())
		hear()
		assert.Equal(w, Written, w.outcome(all[29]))
	})
}

func TestSendDisconnectsWhoDoesNotRead(t *testing.T) {
	inWorld(t, full(Disconnect), func(w *world) {
		w.deaf()
		for range 12 {
			_, err := w.pool.Send(w.within(10*time.Second), big())
			require.NoError(w, err)
			synctest.Wait()
		}
		lost := of(Lost, w.events())
		require.NotEmpty(w, lost)
		assert.Equal(w, "write-stall", lost[0].Cause().String())
	})
}

func TestTooLarge(t *testing.T) {
	inWorld(t, full(Wait), func(w *world) {
		_, err := w.pool.Send(w.Context(), Message{Payload: make([]byte, 128<<10+1)})
		require.ErrorIs(w, err, ErrTooLarge)
		_, err = w.pool.Send(w.Context(), Message{Payload: make([]byte, 128<<10)})
		require.NoError(w, err)
	})
}

// TestQueuedMessagesOfAConnectionThatGoesMoveOn: they are not sent twice, and not lost.
func TestQueuedMessagesOfAConnectionThatGoesMoveOn(t *testing.T) {
	inWorld(t, func(c *Config) { c.QueueBytes = 1 << 20; c.Policy.DrainTimeout = time.Second }, func(w *world) {
		hear := w.deaf()
		var all []*Receipt
		for range 8 {
			r, err := w.pool.Send(w.Context(), big())
			require.NoError(w, err)
			all = append(all, r)
		}
		require.NoError(w, w.pool.Resize(1, 1)) // one of them goes, with what is queued
		time.Sleep(5 * time.Second)
		hear()
		time.Sleep(5 * time.Second)
		counts := map[Outcome]int{}
		for _, r := range all {
			counts[r.Outcome()]++
		}
		assert.LessOrEqual(w, counts[Unknown], 1, "one was cut short")
		assert.Equal(w, 8, counts[Written]+counts[Unknown])
	})
}

// TestWhoCameFirstIsServedFirst: a Send does not take the room of one who waits.
func TestWhoCameFirstIsServedFirst(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		p := w.pool
		p.mu.Lock()
		first := &turn{come: make(chan struct{})}
		first.in = p.senders.PushBack(first)
		p.mu.Unlock()
		var second *Receipt
		go func() { second, _ = p.Send(w.Context(), text("second")) }()
		synctest.Wait()
		assert.Nil(w, second)
		p.mu.Lock()
		p.admit()
		p.mu.Unlock()
		<-first.come
		p.mu.Lock()
		p.admit() // as the first one does when it has been served
		p.mu.Unlock()
		synctest.Wait()
		assert.Equal(w, Written, w.outcome(second))
	})
}

// TestWrittenToAConnectionThatIsOver: heal may know of the loss before the report comes that
// a message was written, and before its answer is received.
func TestWrittenToAConnectionThatIsOver(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		p := w.pool
		f, err := p.flight(text("req 1"), false)
		require.NoError(w, err)
		p.mu.Lock()
		s := p.fit[0]
		p.attach(f, s)
		s.connection(s.live).lost = true
		p.orphan(s, s.live)
		f.written(s.live)
		assert.Equal(w, Written, f.receipt.Outcome())
		client, gen := s.client, s.live
		p.mu.Unlock()
		p.silent(client, gen)
		assert.Equal(w, Unknown, f.receipt.Outcome())
	})
}

func TestTextThatIsNotUTF8IsRefusedBeforeAnythingIsQueued(t *testing.T) {
	bad := Message{Payload: []byte("req \xff\xfe"), Text: true}
	inWorld(t, nil, func(w *world) {
		_, err := w.pool.Send(w.Context(), bad)
		require.ErrorIs(w, err, ErrNotText)
		_, err = w.pool.Request(w.Context(), bad)
		require.ErrorIs(w, err, ErrNotText)
		_, err = w.pool.Subscribe(w.Context(), SubscribeConfig{Topic: "t", Message: bad})
		require.ErrorIs(w, err, ErrNotText)
		_, err = w.pool.Subscribe(w.Context(), SubscribeConfig{Topic: "t", Message: text("sub t"), Cancel: bad})
		require.ErrorIs(w, err, ErrNotText)
		l, err := w.pool.Acquire(w.Context())
		require.NoError(w, err)
		_, err = l.Send(w.Context(), bad)
		require.ErrorIs(w, err, ErrNotText)
		l.Release()
		s, err := w.pool.Session(w.within(time.Minute), SessionConfig{Key: "k"})
		require.NoError(w, err)
		_, err = s.Send(w.Context(), bad)
		require.ErrorIs(w, err, ErrNotText)
		_, err = w.pool.Session(w.within(5*time.Second), SessionConfig{Key: "l", Hello: func(State) Message { return bad }})
		require.ErrorIs(w, err, ErrNotText)
		assert.Zero(w, w.pool.Snapshot().InFlight)
		assert.Empty(w, w.a.texts())
		bad.Text = false
		_, err = w.pool.Send(w.Context(), bad)
		require.NoError(w, err)
		synctest.Wait()
		assert.Len(w, w.a.texts(), 1, "binary may be anything")
	})
}

func TestTheSizeOfAPoolIsBounded(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		require.ErrorContains(w, w.pool.Resize(math.MaxInt, math.MaxInt), "max <= 1048576")
		require.Error(w, w.pool.Resize(0, most+1))
		require.NoError(w, w.pool.Resize(0, most))
	})
}
