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

// TestRoundTripsAreMeasured from the kernel to the pong, of the newest ping alone.
func TestRoundTripsAreMeasured(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.net.Latency = 35 * time.Millisecond
		w.fleet.Start(0)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		proved := w.log.steps(heal.Proved)
		assert.Greater(w, len(proved), 10)
		for _, ev := range proved {
			assert.Equal(w, 70*time.Millisecond, ev.Step.RTT)
		}
	})
}

func TestAPongOfAnotherPingMeasuresNothing(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.server.behave(func(c *served) {
			if c.upgrade() {
				c.frames(func(op ws.OpCode, _ []byte) bool {
					return op != ws.OpPing || c.write(ws.NewPongFrame([]byte{0, 0, 0, 9}))
				})
			}
		})
		w.fleet.Start(0)
		synctest.Wait()
		proved := w.log.steps(heal.Proved)
		require.Len(w, proved, 1)
		assert.Zero(w, proved[0].Step.RTT)
	})
}

// TestTimersBringEvidence of the connection in use.
func TestTimersBringEvidence(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.connect()
		time.Sleep(time.Second)
		w.server.last().write(ws.NewPingFrame(nil)) // and our pong goes out
		time.Sleep(time.Second)
		require.NoError(w, w.send(0, 1)) // and its echo comes in
		time.Sleep(patient().PingEvery)
		synctest.Wait()
		timers := w.log.steps(heal.TimerFired)
		require.NotEmpty(w, timers)
		first := timers[0].Step // stable after 10 s
		assert.Equal(w, heal.Instant(2*time.Second), first.Inbound)
		assert.Equal(w, heal.Instant(2*time.Second), first.Outbound)
		assert.Equal(w, heal.Instant(time.Second), first.Heard)
		assert.Equal(w, heal.Instant(1), first.Handed, "the ping that proved, at the very beginning, which is not never")
	})
}

// TestAPingThatWaitsIsNotHandedOver: behind a write that makes no progress it is not the
// peer that is slow to answer. What ends the connection is the stall.
func TestAPingThatWaitsIsNotHandedOver(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.net.Buffer = 1000
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
		time.Sleep(w.silence(0) - time.Second)
		for range 2 { // the first is read
			require.NoError(w, w.fleet.Send(0, Message{Payload: make([]byte, 5000)}))
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		asked := 0
		for _, ev := range w.log.steps(heal.TimerFired) {
			if ev.From == heal.Suspect && ev.State.Gen == 1 {
				asked++
				assert.Zero(w, ev.Step.Handed)
			}
		}
		assert.Positive(w, asked)
		stalls := 0
		for _, ev := range w.log.of(Stepped) {
			if ev.State.Cause == heal.WriteStall {
				stalls++
			}
		}
		assert.Positive(w, stalls)
	})
}
