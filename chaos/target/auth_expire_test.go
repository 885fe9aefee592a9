package target_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/target"
	"github.com/wsheal/wsheal/internal/faultrig"
)

func init() {
	// until looks until something is seen.
	until := func(look func(*faultrig.Client) chaos.Sight) func(*faultrig.Client) chaos.Sight {
		return func(x *faultrig.Client) chaos.Sight {
			for {
				if saw := look(x); saw != chaos.SeesNothing {
					return saw
				}
			}
		}
	}
	stays := until(func(x *faultrig.Client) chaos.Sight { return x.Look(0, false) })
	returns := until((*faultrig.Client).Again)
	of := func(mode string, share float64, act func(*faultrig.Client) chaos.Sight) faultrig.Case {
		return faultrig.Case{Fault: chaos.Fault{Effect: chaos.AuthExpire{TTL: 20 * time.Millisecond, Mode: mode}, Share: share}, Act: act}
	}
	proofs["auth_expire"] = proof{
		sees: []faultrig.Case{
			of(chaos.Auth401, 0.5, returns), of(chaos.Auth403, 1, returns), of(chaos.Auth4401, 0.5, stays), of(chaos.Auth4401, 1, returns),
		},
		idle: faultrig.Case{
			Fault: chaos.Fault{Effect: chaos.AuthExpire{TTL: time.Hour}}, Quiet: func(x *faultrig.Client) { x.Again() },
		},
	}
}

// TestNewTokenGetsIn while the old one does not, and whoever brings none is left alone.
func TestNewTokenGetsIn(t *testing.T) {
	rig, by := rigWith(t, target.New, false)
	x := rig.Dial(1)
	f := chaos.Fault{Name: "f", On: "blue", Share: 1, Effect: chaos.AuthExpire{TTL: time.Millisecond}}
	require.NoError(t, by.Inject(t.Context(), f))
	saw := chaos.SeesNothing
	for saw == chaos.SeesNothing {
		saw = x.Again()
	}
	assert.Equal(t, chaos.SeesStatus, saw)
	rig.Header = http.Header{"Authorization": {"Bearer second"}}
	assert.Equal(t, chaos.SeesNothing, rig.Dial(1).Look(0, false))
	rig.Header = nil
	for range 3 {
		assert.Equal(t, chaos.SeesNothing, rig.Dial(2).Look(0, false))
	}
}
