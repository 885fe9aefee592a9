package toxi_test

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/internal/faultrig"
)

func init() {
	proofs["half_open"] = proof{
		sees: []faultrig.Case{
			{Fault: chaos.Fault{Effect: chaos.HalfOpen{}}},
			{Fault: chaos.Fault{Effect: chaos.HalfOpen{Peer: chaos.Client}}},
		},
		idle: faultrig.Case{Fault: chaos.Fault{Effect: chaos.HalfOpen{}}, Quiet: silent},
	}
}

// The target keeps the session of a client that is gone, beside that of its next connection,
// and its end is not told to it until the fault is cleared.
func TestATargetKeepsAGhost(t *testing.T) {
	r := newRig(t)
	c := r.dial(1)
	c.echo("x")
	r.inject(chaos.Fault{Name: "ghosts", Share: 1, Effect: chaos.HalfOpen{Peer: chaos.Client}})
	_, err := c.Read(make([]byte, 1))
	assert.ErrorIs(t, err, syscall.ECONNRESET)
	r.dial(1).echo("back")
	assert.Equal(t, 2, r.target.live())
	assert.Empty(t, r.target.ended)
	r.clear("ghosts")
	assert.ErrorIs(t, r.target.end(t), syscall.ECONNRESET)
	r.until("the ghost is gone", func() bool { return r.traffic().Live == 1 })
}

// A client whose server is gone may write as much as it likes; leaving, it is forgotten.
func TestAClientKeepsAGhost(t *testing.T) {
	r := newRig(t)
	stalled := r.stall(3) // first, as it floods whoever is there
	stays, leaves := r.dial(1), r.dial(2)
	stays.echo("x")
	leaves.echo("x")
	r.inject(chaos.Fault{Name: "ghosts", Share: 1, Effect: chaos.HalfOpen{}})
	for range 3 {
		assert.False(t, isEOF(r.target.end(t)), "the target's side is reset")
	}
	for range 1000 {
		stays.say("swallowed")
		stalled.say("swallowed")
	}
	stays.hearsNothing()
	require.NoError(t, leaves.Close())
	r.until("it is forgotten", func() bool { return r.traffic().Live == 2 })
	require.Positive(t, r.evidence("ghosts").Counts["swallowed"])
	r.clear("ghosts")
	_, err := stays.Read(make([]byte, 1))
	assert.ErrorIs(t, err, syscall.ECONNRESET)
	r.until("nothing is left", func() bool { return r.traffic().Live == 0 })
	assert.Equal(t, 3, r.evidence("ghosts").Hit)
}
