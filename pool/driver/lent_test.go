package driver

import (
	"bytes"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/heal"
)

// lend sends a number and writes something else in its place when Send has returned.
func lend(t testing.TB, p *Fleet, seq uint64) {
	t.Helper()
	b := numbered(seq)
	require.NoError(t, p.Send(0, Message{Payload: b, Seq: seq}))
	copy(b, numbered(1<<63))
}

// TestPayloadsAreTheCallersAgain whether a message waits for a connection or is written, in
// its turn or by who sends it.
func TestPayloadsAreTheCallersAgain(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		lend(w, w.fleet, 1) // there is no connection
		w.connect()
		synctest.Wait()
		for seq := range uint64(20) {
			lend(w, w.fleet, 2+seq) // one is written, the others wait for it
		}
		synctest.Wait()
		var want []uint64
		for seq := range uint64(21) {
			want = append(want, 1+seq)
		}
		assert.Equal(w, want, w.server.last().received())
	})
}

// TestWhatIsSentAgainIsNotTheCallers: the kernel had all of it while Send ran, and it is
// needed once more.
func TestWhatIsSentAgainIsNotTheCallers(t *testing.T) {
	heard := make(chan uint64, 8)
	var conns atomic.Int64
	url := "ws://" + tcp(t, upgraded(func(c *net.TCPConn) {
		first := conns.Add(1) == 1
		for {
			h, err := ws.ReadHeader(c)
			if err != nil {
				return
			}
			payload := make([]byte, h.Length)
			if _, err := io.ReadFull(c, payload); err != nil {
				return
			}
			ws.Cipher(payload, h.Mask, 0)
			switch h.OpCode {
			case ws.OpPing:
				_ = ws.WriteFrame(c, ws.NewPongFrame(payload))
			case ws.OpBinary:
				seq, _ := seqOf(payload)
				heard <- seq
				if first {
					_ = c.SetLinger(0)
					return
				}
			}
		}
	}))
	p, w := overSockets(t, url, func(o *Options) {
		o.Guarantee = AtLeastOnce
		o.Policy.First = heal.First{Rule: heal.AtOnce}
		o.Policy.Backoff = heal.Backoff{Base: time.Millisecond}
	})
	w.await(t, stepOf(heal.Proved))
	lend(t, p, 7)
	assert.Equal(t, uint64(7), <-heard)
	assert.Equal(t, uint64(7), <-heard)
}

// TestTheFragmentsToComeAreNotTheCallers: when Send returns, only the first of them were
// written, or put together.
func TestTheFragmentsToComeAreNotTheCallers(t *testing.T) {
	inWorld(t, func(o *Options) { o.QueueBytes = 1 << 20 }, func(w *world) {
		w.net.Buffer = 10_000
		var got []byte
		w.server.behave(func(c *served) {
			if c.upgrade() {
				c.frames(func(op ws.OpCode, p []byte) bool {
					if op == ws.OpBinary || op == ws.OpContinuation {
						got = append(got, p...)
					}
					return op != ws.OpPing || c.write(ws.NewPongFrame(p))
				})
			}
		})
		w.connect()
		time.Sleep(time.Second) // or it would be another who writes
		want := bytes.Repeat([]byte("large"), 60_000)
		payload := bytes.Clone(want)
		require.NoError(w, w.fleet.Send(0, Message{Seq: 1, Payload: payload}))
		clear(payload)
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Len(w, got, len(want))
		assert.True(w, bytes.Equal(want, got), "what was changed behind Send was sent")
	})
}

// TestWhatWaitsForThePeerIsNotTheCallers: Send has returned, the peer takes no more, and it
// goes over the next connection.
func TestWhatWaitsForThePeerIsNotTheCallers(t *testing.T) {
	inWorld(t, func(o *Options) { o.Guarantee = AtLeastOnce }, func(w *world) {
		w.net.Buffer = 100
		deaf := make(chan struct{})
		w.server.behave(func(c *served) {
			if !c.upgrade() {
				return
			}
			if c.n == 0 {
				c.frames(func(op ws.OpCode, p []byte) bool { return c.write(ws.NewPongFrame(p)) && false })
				<-deaf
				return
			}
			c.echo()
		})
		w.connect()
		time.Sleep(time.Second) // or it would be another who writes
		payload := append(numbered(7), make([]byte, 1000)...)
		require.NoError(w, w.fleet.Send(0, Message{Seq: 7, Payload: payload}))
		synctest.Wait()
		copy(payload, numbered(8))
		close(deaf)
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Equal(w, []uint64{7}, w.server.last().received())
	})
}

// TestWhatIsCutBehindOthersIsNotTheCallers: the message that all of them waited behind makes
// room for one that is small enough for a frame, but not for what is left of the batch.
func TestWhatIsCutBehindOthersIsNotTheCallers(t *testing.T) {
	const size = 30_000 // two of them and no third fit into a batch
	inWorld(t, func(o *Options) { o.Full, o.QueueFrames, o.QueueBytes = DropOldest, 3, 1<<20 }, func(w *world) {
		w.net.Buffer = 10_000
		var got []byte
		w.server.behave(func(c *served) {
			if c.upgrade() {
				c.frames(func(op ws.OpCode, p []byte) bool {
					if op == ws.OpBinary || op == ws.OpContinuation {
						got = append(got, p...)
					}
					return op != ws.OpPing || c.write(ws.NewPongFrame(p))
				})
			}
		})
		w.connect()
		require.NoError(w, w.fleet.Send(0, Message{Gen: 2, Payload: []byte("for the next connection")}))
		var want []byte
		for i := range 3 {
			time.Sleep(time.Second) // or it would be another who writes
			payload := bytes.Repeat([]byte{byte(i + 1)}, size)
			want = append(want, payload...)
			require.NoError(w, w.fleet.Send(0, Message{Seq: uint64(i + 1), Payload: payload}))
			clear(payload)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Len(w, got, len(want))
		assert.True(w, bytes.Equal(want, got), "what was changed behind Send was sent")
	})
}
