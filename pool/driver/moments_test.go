package driver

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/heal"
)

// TestADialSaysWhenItHadAConnection: of TCP after one round trip, and of WebSocket after two.
func TestADialSaysWhenItHadAConnection(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		const trip = 100 * time.Millisecond
		w.net.Latency = trip / 2
		w.fleet.Start(0)
		time.Sleep(time.Second)
		opened := w.log.steps(heal.Opened)
		require.Len(w, opened, 1)
		began := w.log.steps(heal.Start)[0].At
		assert.Equal(w, began.Add(trip), opened[0].Connected)
		assert.Equal(w, began.Add(2*trip), opened[0].At)
		assert.Zero(w, opened[0].Secured, "there was no TLS")
		for _, ev := range w.log.steps(heal.Proved) {
			assert.Zero(w, ev.Connected, "it is said once")
		}
	})
}
