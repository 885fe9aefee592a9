package driver

import (
	"testing"
	"testing/synctest"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// deaf makes the server stop reading at the first message, until it is told to go on.
func (w *world) deaf() (hear func()) {
	gate := make(chan struct{})
	w.server.behave(func(c *served) {
		if c.upgrade() {
			c.frames(func(op ws.OpCode, p []byte) bool {
				switch op {
				case ws.OpPing:
					return c.write(ws.NewPongFrame(p))
				case ws.OpClose:
					return c.write(ws.NewCloseFrame(p)) && false
				}
				<-gate
				return true
			})
		}
	})
	return func() { close(gate) }
}

// TestRecall takes a message back from the middle of a queue, and lets one in that waits for
// its room.
func TestRecall(t *testing.T) {
	inWorld(t, func(o *Options) { o.QueueFrames, o.Full = 3, Block }, func(w *world) {
		w.net.Buffer = 1000
		hear := w.deaf()
		w.connect()
		refs := []*int{new(int), new(int), new(int)}
		require.NoError(w, w.fleet.Send(0, Message{Seq: 1, Payload: append(numbered(1), make([]byte, 2*flushPlain)...)}))
		synctest.Wait() // until it is being written, and all that follows waits
		for i, ref := range refs[:2] {
			require.NoError(w, w.fleet.Send(0, Message{Seq: uint64(i + 2), Payload: numbered(uint64(i + 2)), Ref: ref}))
		}
		synctest.Wait()
		in := false
		go func() {
			assert.NoError(w, w.fleet.SendWait(w.Context(), 0, Message{Seq: 4, Payload: numbered(4), Ref: refs[2]}))
			in = true
		}()
		synctest.Wait()
		require.False(w, in)
		assert.False(w, w.fleet.Recall(0, refs[2]), "it waits for room")
		assert.True(w, w.fleet.Recall(0, refs[0]))
		assert.False(w, w.fleet.Recall(0, refs[0]), "once")
		synctest.Wait()
		assert.True(w, in)
		assert.Equal(w, 3, w.fleet.Snapshot().Waiting)
		hear()
		synctest.Wait()
		assert.Equal(w, []uint64{1, 3, 4}, w.server.last().received())
		assert.Equal(w, []uint64{1, 3, 4}, seqs(w.log.of(Sent)))
		assert.Empty(w, w.log.of(Dropped))
		assert.Zero(w, w.fleet.Snapshot().Waiting)
		assert.False(w, w.fleet.Recall(0, refs[1]), "it was sent")
		w.fleet.Remove(0)
		synctest.Wait()
		assert.False(w, w.fleet.Recall(0, refs[1]))
	})
}

// TestWhatIsOnItsWayIsNotRecalled: some of it was written, and it must not be cut off.
func TestWhatIsOnItsWayIsNotRecalled(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.net.Buffer = 1000
		hear := w.deaf()
		w.connect()
		ref := new(int)
		require.NoError(w, w.fleet.Send(0, Message{Seq: 1, Payload: numbered(1)}))
		synctest.Wait()
		require.NoError(w, w.fleet.Send(0, Message{Seq: 2, Payload: append(numbered(2), make([]byte, 3000)...), Ref: ref}))
		synctest.Wait()
		assert.False(w, w.fleet.Recall(0, ref))
		hear()
		synctest.Wait()
		assert.Equal(w, []uint64{1, 2}, w.server.last().received())
	})
}
