package toxi_test

import (
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/internal/faultrig"
)

func init() {
	proofs["fin"] = proof{
		sees: []faultrig.Case{
			{Fault: chaos.Fault{Effect: chaos.Fin{}}},
			{Fault: chaos.Fault{Effect: chaos.Fin{}, Share: 1}},
		},
		idle: faultrig.Case{Fault: chaos.Fault{Effect: chaos.Fin{}}, Quiet: silent},
	}
}

// A client in the middle of a flood, and one that goes on writing, see the end of stream
// and no RST, and so does the target; nothing is left of them.
func TestAFINIsNoRSTWhateverComes(t *testing.T) {
	r := newRig(t)
	flooded, writes := r.stall(1), r.dial(2)
	writes.echo("x")
	r.inject(chaos.Fault{Name: "shut", Share: 1, Effect: chaos.Fin{}})
	e := r.evidence("shut")
	assert.Equal(t, 2, e.Hit)
	assert.EqualValues(t, 2, e.Counts["fins"])
	assert.Zero(t, e.Resets)

	for range 100 {
		writes.say("to nobody")
	}
	_, err := io.ReadAll(writes)
	require.NoError(t, err, "an end of stream")
	_, err = io.ReadAll(flooded)
	require.NoError(t, err, "an end of stream behind what had been sent")
	for range 2 {
		err := r.target.end(t)
		assert.True(t, isEOF(err), "the target saw %v", err)
	}
	require.NoError(t, writes.Close())
	require.NoError(t, flooded.Close())
	r.until("nothing is left", func() bool { return r.traffic().Live == 0 })
}
