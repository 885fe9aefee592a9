package toxi_test

import (
	"io"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/internal/faultrig"
)

func init() {
	// upgrade is below what it takes to come in, and far above what one message is.
	const upgrade = 100
	proofs["limit"] = proof{
		sees: []faultrig.Case{
			{Fault: chaos.Fault{Effect: chaos.Limit{Bytes: upgrade}}, Act: talksOn},
			{Fault: chaos.Fault{Effect: chaos.Limit{Bytes: upgrade, Then: chaos.EndRST, Direction: chaos.Up}, Conns: chaos.Existing}, Act: talksOn},
			{Fault: chaos.Fault{Effect: chaos.Limit{Bytes: upgrade, Then: chaos.EndRST}, Conns: chaos.New}},
		},
		idle: faultrig.Case{
			Fault: chaos.Fault{Effect: chaos.Limit{Bytes: 1 << 20}},
			Quiet: func(x *faultrig.Client) { x.Look(0, false) },
		},
	}
}

// talksOn sends messages for as long as nothing is seen of a fault.
func talksOn(x *faultrig.Client) chaos.Sight {
	for {
		if saw := x.Look(0, false); saw != chaos.SeesNothing {
			return saw
		}
	}
}

// To the byte: what is within the limit arrives, and nothing behind it.
func TestTheLimitIsExact(t *testing.T) {
	const n = 1000
	for then, want := range map[chaos.Ending]error{chaos.EndFIN: nil, chaos.EndRST: syscall.ECONNRESET} {
		t.Run(string(then), func(t *testing.T) {
			r := newRig(t)
			c := r.dial(1)
			c.echo("before it counts")
			r.inject(chaos.Fault{Name: "short", Share: 1, Effect: chaos.Limit{Bytes: n, Then: then}})
			c.say(strings.Repeat("x", 2*n))
			came, err := io.Copy(io.Discard, c)
			if want == nil {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, want)
			}
			assert.EqualValues(t, n, came)
			r.clear("short")
			e := r.evidence("short")
			assert.Equal(t, 1, e.Hit)
			assert.EqualValues(t, 1, e.Counts["ended"])
		})
	}
}
