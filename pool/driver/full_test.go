package driver

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/heal"
)

// narrow makes room for two messages.
func narrow(full Full) func(*Options) {
	return func(o *Options) { o.QueueFrames, o.QueueBytes, o.Full = 2, 100, full }
}

func TestFullFailFast(t *testing.T) {
	inWorld(t, narrow(FailFast), func(w *world) {
		require.NoError(w, w.send(0, 1))
		require.NoError(w, w.send(0, 2))
		require.ErrorIs(w, w.send(0, 3), ErrQueueFull)
		require.ErrorIs(w, w.fleet.SendWait(w.Context(), 0, Message{Seq: 4}), ErrQueueFull, "waiting is for Block")
	})
}

func TestFullBlockWaitsInOrder(t *testing.T) {
	inWorld(t, narrow(Block), func(w *world) {
		require.NoError(w, w.send(0, 0))
		require.NoError(w, w.send(0, 1))
		require.ErrorIs(w, w.send(0, 9), ErrQueueFull)
		require.ErrorIs(w, w.fleet.SendWait(w.Context(), 0, Message{Payload: make([]byte, 101)}), ErrQueueFull, "it would never fit")
		for seq := range uint64(5) {
			go func() {
				assert.NoError(w, w.fleet.SendWait(w.Context(), 0, Message{Seq: 2 + seq, Payload: numbered(2 + seq)}))
			}()
			synctest.Wait()
		}
		impatient := w.within(time.Second)
		begun := w.now()
		require.ErrorIs(w, w.fleet.SendWait(impatient, 0, Message{Seq: 99, Payload: numbered(99)}), context.DeadlineExceeded)
		assert.Equal(w, begun.Add(time.Second), w.now())
		w.connect()
		assert.Equal(w, []uint64{0, 1, 2, 3, 4, 5, 6}, w.server.last().received())
		assert.Empty(w, w.log.steps(heal.Lost), "a context that expires ends no connection")
		require.ErrorIs(w, w.fleet.SendWait(impatient, 0, Message{}), context.DeadlineExceeded)
	})
}

// TestFullBlockKeepsTheOrder: a message that would fit does not overtake those that wait
// because they are larger, until they give up.
func TestFullBlockKeepsTheOrder(t *testing.T) {
	inWorld(t, func(o *Options) { o.QueueBytes, o.Full = 100, Block }, func(w *world) {
		require.NoError(w, w.fleet.Send(0, Message{Payload: make([]byte, 60)}))
		gaveUp, queued := make(chan error, 1), make(chan error, 1)
		go func() {
			gaveUp <- w.fleet.SendWait(w.within(time.Second), 0, Message{Payload: make([]byte, 50)})
		}()
		synctest.Wait()
		go func() { queued <- w.fleet.SendWait(w.Context(), 0, Message{Payload: make([]byte, 10)}) }()
		synctest.Wait()
		require.ErrorIs(w, w.fleet.Send(0, Message{Payload: make([]byte, 10)}), ErrQueueFull)
		require.Empty(w, queued)
		require.ErrorIs(w, <-gaveUp, context.DeadlineExceeded)
		require.NoError(w, <-queued)
		require.NoError(w, w.fleet.Send(0, Message{Payload: make([]byte, 10)}))
	})
}

func TestFullBlockEndsWithTheClient(t *testing.T) {
	inWorld(t, narrow(Block), func(w *world) {
		require.NoError(w, w.send(0, 0))
		require.NoError(w, w.send(0, 1))
		failed := make(chan error)
		go func() { failed <- w.fleet.SendWait(context.Background(), 0, Message{Seq: 2}) }()
		synctest.Wait()
		w.fleet.Remove(0)
		require.ErrorIs(w, <-failed, ErrLeft)
	})
}

func TestFullDropOldest(t *testing.T) {
	inWorld(t, narrow(DropOldest), func(w *world) {
		for seq := range uint64(5) {
			require.NoError(w, w.send(0, seq))
		}
		require.ErrorIs(w, w.fleet.Send(0, Message{Payload: make([]byte, 101)}), ErrQueueFull)
		assert.Equal(w, 2, w.fleet.Snapshot().Waiting)
		w.connect()
		assert.Equal(w, []uint64{0, 1, 2}, seqs(w.log.of(Dropped)))
		for _, ev := range w.log.of(Dropped) {
			assert.Equal(w, NotSent, ev.Outcome)
		}
		assert.Equal(w, []uint64{3, 4}, w.server.last().received())
	})
}

// TestFullDropOldestKeepsWhatMayBeUnderWay: of what was written nobody can say that it
// was not sent.
func TestFullDropOldestKeepsWhatMayBeUnderWay(t *testing.T) {
	inWorld(t, func(o *Options) { narrow(DropOldest)(o); o.Guarantee = AtLeastOnce }, func(w *world) {
		w.connect()
		w.server.last().mem().Hold(true)
		require.NoError(w, w.send(0, 0))
		require.NoError(w, w.send(0, 1))
		synctest.Wait()
		require.ErrorIs(w, w.send(0, 2), ErrQueueFull)
		assert.Empty(w, w.log.of(Dropped))
	})
}

func TestFullDisconnect(t *testing.T) {
	inWorld(t, func(o *Options) { narrow(Disconnect)(o); o.Guarantee = AtLeastOnce }, func(w *world) {
		require.NoError(w, w.send(0, 0))
		require.NoError(w, w.send(0, 1))
		require.ErrorIs(w, w.send(0, 2), ErrQueueFull, "there is nothing to disconnect")
		w.connect()
		w.server.last().mem().Hold(true)
		require.NoError(w, w.send(0, 2))
		require.NoError(w, w.send(0, 3))
		synctest.Wait()
		require.ErrorIs(w, w.send(0, 4), ErrQueueFull)
		synctest.Wait()
		lost := w.log.steps(heal.Lost)
		require.Len(w, lost, 1)
		assert.Equal(w, heal.WriteStall, lost[0].Step.Cause)
		assert.ErrorIs(w, lost[0].Err, ErrQueueFull)
	})
}
