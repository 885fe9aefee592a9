package driver

import (
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
