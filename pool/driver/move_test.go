package driver

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/heal"
)

// settled connects a client and lets it become stable.
func (w *world) settled() {
	w.connect()
	time.Sleep(patient().StableAfter)
	synctest.Wait()
}

// silentOn answers pings and keeps its answers to messages to itself.
func silentOn(c *served) {
	if c.upgrade() {
		c.frames(func(op ws.OpCode, p []byte) bool {
			switch op {
			case ws.OpPing:
				return c.write(ws.NewPongFrame(p))
			case ws.OpClose:
				return c.write(ws.NewCloseFrame(p)) && false
			}
			return true
		})
	}
}

// unbroken tells whether the client has been usable ever since it was.
func (w *world) unbroken() bool {
	usable := false
	for _, ev := range w.log.of(Stepped) {
		if usable && !ev.State.Phase.Usable() {
			return false
		}
		usable = usable || ev.State.Phase.Usable()
	}
	return usable
}

func TestAMoveOpensTheReplacementFirst(t *testing.T) {
	inWorld(t, func(o *Options) { o.Policy.DrainTimeout = 5 * time.Second }, func(w *world) {
		w.net.Latency = 50 * time.Millisecond
		w.fleet.Start(0)
		time.Sleep(12 * time.Second)
		w.fleet.Move(0)
		for seq := range uint64(100) { // while it moves
			require.NoError(w, w.send(0, seq))
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(time.Second)
		require.Len(w, w.server.conns(), 2)
		old, replacement := w.server.conns()[0], w.server.conns()[1]
		assert.Equal(w, []string{"0"}, w.server.double, "both were there at once")
		assert.True(w, w.unbroken())
		assert.Equal(w, []uint16{1000}, old.closes())
		sent := append(old.received(), replacement.received()...)
		require.Len(w, sent, 100)
		for seq, got := range sent {
			require.Equal(w, uint64(seq), got)
		}
		assert.Positive(w, len(old.received()))
		assert.Positive(w, len(replacement.received()))
		assert.Empty(w, w.log.of(Dropped))
		assert.Len(w, w.log.of(Received), 100)
		assert.Equal(w, uint32(2), w.fleet.Client(0).Gen)
		assert.Empty(w, w.log.steps(heal.Failed))
	})
}

// TestWhatIsUnacknowledgedStaysWithItsConnection: the old connection is kept until it has
// brought the answers that it owes, and nothing is sent twice.
func TestWhatIsUnacknowledgedStaysWithItsConnection(t *testing.T) {
	inWorld(t, func(o *Options) {
		atLeastOnce(o)
		o.Policy.DrainTimeout = 5 * time.Second
	}, func(w *world) {
		w.server.behave(silentOn)
		w.settled()
		require.NoError(w, w.send(0, 1))
		synctest.Wait()
		w.server.behave(nil)
		w.fleet.Move(0)
		for len(w.log.steps(heal.Opened)) < 2 {
			time.Sleep(time.Millisecond)
			synctest.Wait()
		}
		require.NoError(w, w.send(0, 2))
		synctest.Wait()
		old, replacement := w.server.conns()[0], w.server.conns()[1]
		assert.Equal(w, []uint64{2}, replacement.received())
		assert.Equal(w, ClientInfo{Phase: heal.Ready, Endpoint: w.opt.Endpoints[0], Gen: 2, InFlight: 1, Since: w.now()}, w.fleet.Client(0))
		time.Sleep(4 * time.Second)
		assert.Empty(w, old.closes(), "it still owes an answer")
		old.write(ws.NewBinaryFrame(numbered(1)))
		time.Sleep(settleEvery)
		synctest.Wait()
		assert.Equal(w, []uint16{1000}, old.closes())
		assert.Equal(w, []uint64{2, 1}, seqs(w.log.of(Acked)))
		assert.Equal(w, []uint64{1, 2}, seqs(w.log.of(Sent)))
		assert.Zero(w, w.fleet.Snapshot().Waiting)
	})
}

// TestWhatWasNotAcknowledgedMovesWhenItsConnectionIsOver, and not before.
func TestWhatWasNotAcknowledgedMovesWhenItsConnectionIsOver(t *testing.T) {
	inWorld(t, func(o *Options) {
		atLeastOnce(o)
		o.Policy.DrainTimeout = 5 * time.Second
	}, func(w *world) {
		w.server.behave(silentOn)
		w.settled()
		require.NoError(w, w.send(0, 1))
		require.NoError(w, w.send(0, 2))
		synctest.Wait()
		w.server.behave(nil)
		w.fleet.Move(0)
		for len(w.log.steps(heal.Opened)) < 2 {
			time.Sleep(time.Millisecond)
			synctest.Wait()
		}
		moved := w.now()
		require.NoError(w, w.send(0, 3))
		time.Sleep(5*time.Second - time.Millisecond)
		synctest.Wait()
		replacement := w.server.conns()[1]
		assert.Equal(w, []uint64{3}, replacement.received())
		time.Sleep(time.Millisecond)
		synctest.Wait()
		assert.Equal(w, []uint64{3, 1, 2}, replacement.received())
		sent := w.log.of(Sent)
		assert.Equal(w, []uint64{1, 2, 3, 1, 2}, seqs(sent))
		assert.True(w, sent[4].Again)
		assert.Equal(w, moved.Add(5*time.Second), sent[4].At)
		assert.Zero(w, w.fleet.Snapshot().Waiting)
	})
}

// TestADrainWaitsForWhatElseIsInFlight on the connection that goes, not on the new one.
func TestADrainWaitsForWhatElseIsInFlight(t *testing.T) {
	inWorld(t, func(o *Options) {
		o.Policy.DrainTimeout = time.Hour
		o.InFlight = func(_ int, gen uint32) int { return int(gen) - 1 } // for ever, on the new one
	}, func(w *world) {
		w.settled()
		w.fleet.Move(0)
		time.Sleep(time.Minute)
		assert.Equal(w, []uint16{1000}, w.server.conns()[0].closes())
		assert.Equal(w, uint32(2), w.fleet.Client(0).Gen)
	})
}

// TestAReplacementThatFailsChangesNothing: the old connection goes on.
func TestAReplacementThatFailsChangesNothing(t *testing.T) {
	for name, behave := range map[string]func(*served){
		"refused":  func(c *served) { c.mem().Reset() },
		"unproved": func(c *served) { c.upgrade(); c.frames(func(ws.OpCode, []byte) bool { return true }) },
		"hanging":  func(c *served) { <-c.server.quit },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, nil, func(w *world) {
				w.settled()
				first := w.server.last()
				w.server.behave(behave)
				w.fleet.Move(0)
				time.Sleep(10 * time.Minute)
				require.NoError(w, w.send(0, 1))
				synctest.Wait()
				assert.Equal(w, []uint64{1}, first.received())
				assert.True(w, w.unbroken())
				assert.Greater(w, len(w.log.dials()), 2, "it is tried again")
			})
		})
	}
}

// TestWhatIsSentUponTheNewsOfAMoveGoesOverTheNewConnection: whoever hears that the client is
// ready on another connection, and sends at once, is not put on the one that is leaving.
func TestWhatIsSentUponTheNewsOfAMoveGoesOverTheNewConnection(t *testing.T) {
	var fleet *Fleet
	inWorld(t, func(o *Options) {
		o.Policy.DrainTimeout = 5 * time.Second
		observe := o.Observe
		o.Observe = func(ev Event) {
			observe(ev)
			if ev.Kind == Stepped && ev.From == heal.Joining && ev.State.Phase == heal.Ready {
				assert.NoError(t, fleet.Send(0, Message{Seq: 7, Payload: numbered(7)}))
			}
		}
	}, func(w *world) {
		fleet = w.fleet
		w.settled()
		time.Sleep(10 * time.Second)
		w.fleet.Move(0)
		time.Sleep(10 * time.Second)
		require.Len(w, w.server.conns(), 2)
		assert.Empty(w, w.server.conns()[0].received())
		assert.Equal(w, []uint64{7}, w.server.conns()[1].received())
	})
}
