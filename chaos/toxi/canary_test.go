package toxi_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/internal/faultrig"
)

// A canary has done to it what is done to the client beside it, and is counted nowhere: what
// the fault says it did, it did to clients.
func TestWhatIsDoneToCanariesIsNotCounted(t *testing.T) {
	for _, c := range []struct {
		effect  chaos.Effect
		sees    chaos.Sight
		counter string
	}{
		{chaos.WSClose{Code: 1001}, chaos.SeesCloseFrame, "close_frames"},
		{chaos.Reset{}, chaos.SeesReset, "resets"},
		{chaos.Fin{}, chaos.SeesEOF, "fins"},
		{chaos.Latency{Delay: 1}, chaos.SeesNothing, "delayed"},
		{chaos.Partition{}, chaos.SeesHalfOpen, "held_chunks"},
		{chaos.WSDrop{Direction: chaos.Down, Nth: 1, Percent: 1}, chaos.SeesHalfOpen, "dropped"},
	} {
		t.Run(c.effect.Kind(), func(t *testing.T) {
			r := faultrig.New(t)
			f := chaos.Fault{Name: "f", On: "blue", Share: 1, Effect: c.effect}
			id, ok := chaos.CanaryFor(f, true, nil)
			require.True(t, ok)
			client, canary := r.Dial(1), r.Dial(id)
			require.NoError(t, r.Proxy.Inject(t.Context(), f))
			look := func(x *faultrig.Client) chaos.Sight { return x.Look(0, c.sees == chaos.SeesHalfOpen) }
			assert.Equal(t, c.sees, look(canary))
			assert.Equal(t, c.sees, look(client))
			var e chaos.Evidence
			faultrig.Until(t, "what the client said has come to the proxy", func() bool {
				var err error
				e, err = r.Proxy.Evidence(t.Context(), f.Name)
				require.NoError(t, err)
				return c.sees != chaos.SeesHalfOpen || e.Hit > 0 // who hears nothing cannot know
			})
			assert.EqualValues(t, 1, e.Count(c.counter))
			assert.Equal(t, 1, e.Targeted)
			assert.Equal(t, 1, e.Hit)
		})
	}
}
