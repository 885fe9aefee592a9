package driver

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/heal"
)

// reception is a Receive that a test lets go on message by message.
type reception struct {
	list[uint64]
	gate chan struct{} // nil: it does not wait
}

func (r *reception) receive(_ int, _ uint32, payload []byte, _ bool) {
	seq, _ := seqOf(payload)
	r.add(seq)
	if r.gate != nil {
		<-r.gate
	}
}

// flood writes n numbered messages from the server's side.
func flood(c *served, from, n uint64) {
	for seq := range n {
		c.write(ws.NewBinaryFrame(numbered(from + seq)))
	}
}

func TestReceiveGetsEverythingInOrder(t *testing.T) {
	var r reception
	inWorld(t, func(o *Options) { o.Receive = r.receive }, func(w *world) {
		w.connect()
		flood(w.server.last(), 0, 5)
		synctest.Wait()
		w.server.last().mem().Reset()
		time.Sleep(time.Minute)
		flood(w.server.last(), 5, 5)
		synctest.Wait()
		assert.Equal(w, []uint64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, r.all())
		assert.False(w, w.fleet.clients.get(0).inbox.running, "nothing to hand over, no goroutine")
	})
}

// TestReceiveMayCallTheFleet from within.
func TestReceiveMayCallTheFleet(t *testing.T) {
	var w *world
	inWorld(t, func(o *Options) {
		o.Receive = func(client int, _ uint32, payload []byte, _ bool) {
			seq, _ := seqOf(payload)
			if w.fleet.Snapshot(); seq < 100 {
				assert.NoError(w, w.send(client, seq+1))
			} else {
				w.fleet.Remove(client)
			}
		}
	}, func(now *world) {
		w = now
		w.connect()
		require.NoError(w, w.send(0, 0))
		synctest.Wait()
		assert.Len(w, w.log.of(Received), 101)
		assert.Len(w, w.log.of(Left), 1)
	})
}

// TestAFullInboxIsNoSilence blocks Receive for an hour: the connection is not read, and
// must be there afterwards.
func TestAFullInboxIsNoSilence(t *testing.T) {
	var r reception
	inWorld(t, func(o *Options) { r.gate = make(chan struct{}); o.Receive, o.InboxFrames = r.receive, 3 }, func(w *world) {
		w.connect()
		flood(w.server.last(), 0, 1)
		synctest.Wait() // until it is in hand
		flood(w.server.last(), 1, 9)
		synctest.Wait()
		assert.Len(w, w.log.of(Received), 5, "one in hand, three in the inbox, one before it")
		time.Sleep(time.Hour)
		assert.Empty(w, w.log.steps(heal.Lost))
		assert.Equal(w, 1, w.fleet.Snapshot().Usable())
		close(r.gate)
		synctest.Wait()
		assert.Equal(w, []uint64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, r.all())
		time.Sleep(time.Hour)
		assert.Len(w, w.log.dials(), 1)
	})
}

// The server's pings lie unread behind the messages of a user who is slow; once he reads, theirs
// are missed.
func TestAFullInboxIsNoLackOfPings(t *testing.T) {
	var r reception
	inWorld(t, func(o *Options) {
		r.gate = make(chan struct{})
		o.Receive, o.InboxFrames, o.Policy.ExpectPing = r.receive, 1, 30*time.Second
	}, func(w *world) {
		w.connect()
		flood(w.server.last(), 0, 9)
		time.Sleep(time.Hour)
		assert.Equal(w, 1, w.fleet.Snapshot().Usable())
		assert.Len(w, w.log.dials(), 1)
		close(r.gate)
		synctest.Wait()
		assert.Len(w, r.all(), 9)
		assert.Len(w, w.log.dials(), 1)
		time.Sleep(time.Minute)
		assert.Greater(w, len(w.log.dials()), 1)
		missed := false
		for _, ev := range w.log.of(Stepped) {
			missed = missed || ev.State.Cause == heal.Unpinged
		}
		assert.True(w, missed, "no ping in half a minute")
	})
}

func TestAFullInboxEndsWithItsConnection(t *testing.T) {
	var r reception
	inWorld(t, func(o *Options) { r.gate = make(chan struct{}); o.Receive, o.InboxFrames = r.receive, 1 }, func(w *world) {
		w.connect()
		flood(w.server.last(), 0, 1)
		synctest.Wait() // until it is in hand
		flood(w.server.last(), 1, 9)
		synctest.Wait()
		require.Error(w, w.fleet.Close(w.within(10*time.Second)))
		assert.Len(w, w.log.steps(heal.Lost), 1)
		close(r.gate)
	})
}

func TestInboxDropsTheOldest(t *testing.T) {
	var r reception
	inWorld(t, func(o *Options) {
		r.gate = make(chan struct{})
		o.Receive, o.InboxFrames, o.InboxFull = r.receive, 3, DropOldest
	}, func(w *world) {
		w.connect()
		flood(w.server.last(), 0, 1)
		synctest.Wait() // until it is in hand
		flood(w.server.last(), 1, 9)
		synctest.Wait()
		close(r.gate)
		synctest.Wait()
		assert.Equal(w, []uint64{0, 7, 8, 9}, r.all())
		assert.Len(w, w.log.of(Received), 10)
		assert.Len(w, w.log.of(Discarded), 6)
		assert.Equal(w, numbered(1), w.log.of(Discarded)[0].Payload)
		assert.EqualValues(w, 6, w.fleet.Snapshot().Discarded)
	})
}

func TestInboxDisconnects(t *testing.T) {
	var r reception
	inWorld(t, func(o *Options) {
		r.gate = make(chan struct{})
		o.Receive, o.InboxBytes, o.InboxFull = r.receive, 20, Disconnect
	}, func(w *world) {
		w.connect()
		flood(w.server.last(), 0, 1)
		synctest.Wait() // until it is in hand
		flood(w.server.last(), 1, 3)
		synctest.Wait()
		lost := w.log.steps(heal.Lost)
		require.Len(w, lost, 1)
		require.ErrorIs(w, lost[0].Err, ErrInboxFull)
		close(r.gate)
		synctest.Wait()
		assert.Equal(w, []uint64{0, 1, 2}, r.all(), "what had room is still handed over")
	})
}

// TestALargeMessageAloneAlwaysFits, however small the inbox is.
func TestALargeMessageAloneAlwaysFits(t *testing.T) {
	var r reception
	inWorld(t, func(o *Options) { o.Receive, o.InboxBytes = r.receive, 1 }, func(w *world) {
		w.connect()
		flood(w.server.last(), 0, 3)
		synctest.Wait()
		assert.Equal(w, []uint64{0, 1, 2}, r.all())
	})
}

// TestCloseLeavesBehindWhatDoesNotReturn: code of the user's cannot hold up a Close
// longer than its context.
func TestCloseLeavesBehindWhatDoesNotReturn(t *testing.T) {
	var r reception
	inWorld(t, func(o *Options) { r.gate = make(chan struct{}); o.Receive = r.receive }, func(w *world) {
		w.connect()
		flood(w.server.last(), 0, 2)
		synctest.Wait()
		begun := w.now()
		require.ErrorIs(w, w.fleet.Close(w.within(10*time.Second)), context.DeadlineExceeded)
		assert.Equal(w, begun.Add(10*time.Second), w.now())
		close(r.gate)
		synctest.Wait()
		assert.Equal(w, []uint64{0}, r.all())
	})
}
