package driver

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/crowd"
	"github.com/wsheal/wsheal/pool/heal"
)

// TestAReaderDoesNotWaitOnAKilledConnection: it was killed before it could see that its reader
// waits for room.
func TestAReaderDoesNotWaitOnAKilledConnection(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.connect()
		c := w.fleet.clients.get(0)
		c.mu.Lock()
		k := c.live
		c.mu.Unlock()
		k.kill()
		synctest.Wait() // until its own reader has ended
		done := false
		go func() {
			c.mu.Lock()
			assert.False(w, c.wait(k))
			done = true
		}()
		synctest.Wait()
		assert.True(w, done)
		k.unhold()
	})
}

// TestAPongThatOvertakesItsPing proves what it proves, and measures nothing: the write of the
// ping has not returned yet.
func TestAPongThatOvertakesItsPing(t *testing.T) {
	inWorld(t, func(o *Options) {
		tamper(o, func(p []byte, through func([]byte) (int, error)) (int, error) {
			n, err := through(p)
			if p[0] == 0x80|byte(ws.OpPing) {
				time.Sleep(time.Second)
			}
			return n, err
		})
	}, func(w *world) {
		time.Sleep(10 * time.Second)
		w.connect()
		proved := w.log.steps(heal.Proved)
		require.Len(w, proved, 1)
		assert.Equal(w, heal.Instant(10*time.Second), proved[0].At, "at once")
		assert.Zero(w, proved[0].Step.RTT)
	})
}

// TestALatePingIsNotTheNewestOne: that a ping was handed over says nothing of the one that was
// ordered meanwhile.
func TestALatePingIsNotTheNewestOne(t *testing.T) {
	k := &conn{client: &client{fleet: new(Fleet)}}
	k.control.pings = 2
	k.settle(&batch{bytes: make([]byte, 10), written: 10, touched: 10, ping: 1, pinged: 10}, heal.Instant(time.Second))
	assert.Zero(t, k.control.handed)
}

// TestAMessageThatIsAcknowledgedEarlyIsFinished on a connection that drains: the peer knows its
// number from the first fragment.
func TestAMessageThatIsAcknowledgedEarlyIsFinished(t *testing.T) {
	const size = 500_000
	var gate chan struct{}
	got, closed := 0, 0 // bytes, and how many there were when the close frame came
	inWorld(t, func(o *Options) {
		atLeastOnce(o)
		o.Policy.DrainTimeout, o.QueueBytes = 20*time.Second, 1<<20
		gate = make(chan struct{})
	}, func(w *world) {
		w.net.Buffer = 1000
		w.server.behave(func(c *served) {
			if !c.upgrade() {
				return
			}
			c.frames(func(op ws.OpCode, p []byte) bool {
				switch op {
				case ws.OpPing:
					return c.write(ws.NewPongFrame(p))
				case ws.OpClose:
					closed = got
					return c.write(ws.NewCloseFrame(p)) && false
				case ws.OpBinary:
					got += len(p)
					c.write(ws.NewBinaryFrame(numbered(1)))
					<-gate
				case ws.OpContinuation:
					got += len(p)
				}
				return true
			})
		})
		w.settled()
		require.NoError(w, w.fleet.Send(0, Message{Seq: 1, Payload: append(numbered(1), make([]byte, size)...)}))
		synctest.Wait()
		require.Equal(w, []uint64{1}, seqs(w.log.of(Acked)))
		w.server.behave(nil)
		w.fleet.Move(0)
		time.Sleep(5 * time.Second)
		require.Equal(w, uint32(2), w.fleet.Client(0).Gen)
		close(gate)
		time.Sleep(time.Second)
		synctest.Wait()
		assert.Equal(w, size+8, got)
		assert.Equal(w, size+8, closed)
	})
}

// TestWhatEndsWithALossIsPlanned: of a client that loses a connection, and whose replacement is
// ended for it, the pool sees one loss, and not two.
func TestWhatEndsWithALossIsPlanned(t *testing.T) {
	for kind, planned := range map[heal.EventKind]bool{heal.Lost: true, heal.Close: true, heal.TimerFired: false} {
		c := &client{fleet: new(Fleet)}
		c.conn = &conn{client: c, gen: 2, place: 3, seat: seat{open: true}}
		f := following{c: c, trigger: heal.Event{Kind: kind}}
		f.order(heal.Action{Kind: heal.Kill, Gen: 2})
		require.Len(t, f.events, 1)
		assert.Equal(t, crowd.Event{Kind: crowd.Lost, Endpoint: 3, Early: true, Planned: planned}, f.events[0])
		assert.Equal(t, !planned, f.trouble)
		assert.False(t, c.conn.seat.open)
	}
}
