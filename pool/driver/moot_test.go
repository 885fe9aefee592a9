package driver

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/heal"
)

// TestAMootValidationIsNotAsked of a connection that has been opened, whose proof is the pong;
// that it is checked later on is another matter.
func TestAMootValidationIsNotAsked(t *testing.T) {
	var asked list[bool]
	inWorld(t, func(o *Options) {
		o.Clients = 2
		o.Policy.CheckEvery = time.Minute
		o.Moot = func(client int) bool { return client == 0 }
		o.Validate = func(_ context.Context, x Exchange) error {
			if x.Client() == 0 {
				asked.add(x.First())
			}
			return nil
		}
	}, func(w *world) {
		w.net.Latency = 100 * time.Millisecond
		w.fleet.Start(0)
		w.fleet.Start(1)
		time.Sleep(time.Second)
		proved := w.log.steps(heal.Proved)
		require.Len(w, proved, 3, "the other's validation, and the pong of each")
		for _, ev := range proved {
			assert.False(w, ev.Client == 0 && ev.Step.RTT != 200*time.Millisecond, "by the pong")
		}
		assert.Empty(w, asked.all())
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		assert.NotEmpty(w, asked.all())
		assert.NotContains(w, asked.all(), true)
	})
}
