package driver

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/heal"
)

// TestControlFramesPassALargeMessage answers a ping in the middle of a message that takes
// a slow peer a minute to read, and is a minute's work for nobody else.
func TestControlFramesPassALargeMessage(t *testing.T) {
	const size = 600_000
	payload := bytes.Repeat([]byte("large"), size/5)
	inWorld(t, func(o *Options) { o.QueueBytes = 1 << 20 }, func(w *world) {
		w.net.Buffer = 10_000
		var got []byte
		var ops list[ws.OpCode]
		w.server.behave(func(c *served) {
			if !c.upgrade() {
				return
			}
			c.frames(func(op ws.OpCode, p []byte) bool {
				ops.add(op)
				switch op {
				case ws.OpPing:
					return c.write(ws.NewPongFrame(p))
				case ws.OpBinary:
					got = append(got, p...)
					c.write(ws.NewPingFrame([]byte("still there?")))
				case ws.OpContinuation:
					got = append(got, p...)
					time.Sleep(3 * time.Second)
				}
				return true
			})
		})
		w.connect()
		require.NoError(w, w.fleet.Send(0, Message{Seq: 1, Payload: payload}))
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		assert.True(w, bytes.Equal(payload, got))
		seen := ops.all()
		require.Contains(w, seen, ws.OpPong)
		for i, op := range seen {
			if op == ws.OpPong {
				assert.Less(w, i, 6, "behind two fragments or three, and not behind all of them")
			}
		}
		assert.Greater(w, len(seen), size/fragment)
		assert.Len(w, w.log.of(Sent), 1)
		assert.Empty(w, w.log.steps(heal.Lost), "as long as bytes move")
	})
}

// TestNothingFollowsACloseFrameInTheMiddleOfAMessage.
func TestNothingFollowsACloseFrameInTheMiddleOfAMessage(t *testing.T) {
	inWorld(t, func(o *Options) { o.QueueBytes = 1 << 20 }, func(w *world) {
		w.net.Buffer, w.net.Latency = 10_000, 10*time.Millisecond
		var ops list[ws.OpCode]
		w.server.behave(func(c *served) {
			if c.upgrade() {
				c.frames(func(op ws.OpCode, p []byte) bool {
					ops.add(op)
					return op != ws.OpPing || c.write(ws.NewPongFrame(p))
				})
			}
		})
		w.fleet.Start(0)
		time.Sleep(time.Second)
		require.NoError(w, w.fleet.Send(0, Message{Seq: 1, Payload: make([]byte, 600_000)}))
		time.Sleep(100 * time.Millisecond)
		require.NoError(w, w.fleet.Close(w.Context()))
		time.Sleep(time.Minute)
		seen := ops.all()
		assert.Contains(w, seen, ws.OpBinary)
		assert.Equal(w, ws.OpClose, seen[len(seen)-1])
		dropped := w.log.of(Dropped)
		require.Len(w, dropped, 1)
		assert.Equal(w, InDoubt, dropped[0].Outcome)
	})
}

// TestAMessageIsSentOnce, although its batch went in two pieces.
func TestAMessageIsSentOnce(t *testing.T) {
	var log journal
	p := &Fleet{options: Options{Guarantee: AtLeastOnce, Observe: log.observe}}
	c := &client{fleet: p, shard: newShard(p)}
	k := &conn{client: c}
	for seq := range uint64(2) {
		c.outbox.push(Message{Seq: seq})
		m, _ := c.outbox.due(0)
		c.outbox.carry(m, k)
	}
	b := &batch{bytes: make([]byte, 20), parts: []part{{seq: 0, to: 10, last: true}, {seq: 1, position: 1, from: 10, to: 20, last: true}}}
	b.written, b.touched = 15, 15
	k.settle(b, 0)
	k.tell(b)
	assert.Equal(t, []uint64{0}, seqs(log.of(Sent)))
	b.written, b.touched = 20, 20
	k.settle(b, 0)
	k.tell(b)
	assert.Equal(t, []uint64{0, 1}, seqs(log.of(Sent)))
}

// TestALargeMessageCutShort is in doubt, although its last fragment was never written.
func TestALargeMessageCutShort(t *testing.T) {
	inWorld(t, func(o *Options) { o.QueueBytes = 1 << 20 }, func(w *world) {
		w.net.Buffer = 100_000
		w.server.behave(func(c *served) {
			if c.upgrade() {
				c.frames(func(op ws.OpCode, p []byte) bool {
					if op == ws.OpPing {
						return c.write(ws.NewPongFrame(p))
					}
					<-c.server.quit
					return false
				})
			}
		})
		w.connect()
		require.NoError(w, w.fleet.Send(0, Message{Seq: 1, Payload: make([]byte, 500_000)}))
		require.NoError(w, w.fleet.Send(0, Message{Seq: 2, Payload: numbered(2)}))
		synctest.Wait()
		w.server.behave(nil)
		w.server.last().mem().Reset()
		time.Sleep(time.Minute)
		synctest.Wait()
		dropped := w.log.of(Dropped)
		require.Len(w, dropped, 1)
		assert.Equal(w, uint64(1), dropped[0].Seq)
		assert.Equal(w, InDoubt, dropped[0].Outcome)
		assert.Equal(w, []uint64{2}, w.server.last().received(), "nothing of it had been written")
	})
}
