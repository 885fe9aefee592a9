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

// windows are what the losses so far were told to be spread over, by generation.
func (w *world) windows() map[uint32]time.Duration {
	synctest.Wait()
	all := map[uint32]time.Duration{}
	for _, ev := range w.log.steps(heal.Lost) {
		all[ev.Step.Gen] = ev.Step.Within
	}
	return all
}

// TestAWindowIsLeftToTheConnectionInUse by the end of the one that it has replaced.
func TestAWindowIsLeftToTheConnectionInUse(t *testing.T) {
	inWorld(t, func(o *Options) {
		o.Policy.DrainTimeout = 20 * time.Second
		o.InFlight = func(_ int, gen uint32) int { return 2 - int(gen) } // the old one is kept for its time
	}, func(w *world) {
		w.settled()
		w.fleet.Move(0)
		time.Sleep(10 * time.Second)
		require.Equal(w, uint32(2), w.fleet.Client(0).Gen)
		w.fleet.Window(0, 40*time.Second)
		time.Sleep(20 * time.Second)
		require.Equal(w, map[uint32]time.Duration{1: 0}, w.windows())
		w.server.last().mem().Reset()
		assert.Equal(w, map[uint32]time.Duration{1: 0, 2: 40 * time.Second}, w.windows())
	})
}

// TestAReplacementThatIsLostLeavesTheWindow to the connection that goes on.
func TestAReplacementThatIsLostLeavesTheWindow(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.settled()
		first := w.server.last()
		w.fleet.Window(0, 40*time.Second)
		w.server.behave(func(c *served) { // a 101, and gone
			if c.upgrade() {
				c.frames(func(ws.OpCode, []byte) bool { return false })
			}
		})
		w.fleet.Move(0)
		time.Sleep(time.Second)
		require.Equal(w, map[uint32]time.Duration{2: 0}, w.windows())
		first.mem().Reset()
		assert.Equal(w, 40*time.Second, w.windows()[1])
	})
}

// TestAWindowEndsWithItsConnection, also where it was us who found that dead: it is not there
// for a loss that has nothing to do with it.
func TestAWindowEndsWithItsConnection(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.settled()
		w.fleet.Window(0, 40*time.Second)
		w.server.last().mem().Hold(true)
		time.Sleep(time.Minute)
		require.Equal(w, heal.HalfOpen, w.state(0).Cause)
		w.server.last().mem().Reset()
		assert.Equal(w, map[uint32]time.Duration{1: 0, 2: 0}, w.windows())
	})
}
