package target_test

import (
	"net"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/target"
	"github.com/wsheal/wsheal/internal/faultrig"
)

func init() {
	if runtime.GOOS != "linux" {
		return
	}
	whole := faultrig.Case{Fault: chaos.Fault{Effect: chaos.Refuse{}, Share: 1}}
	proofs["refuse"] = proof{sees: []faultrig.Case{whole}, always: true}
}

// TestRefusedByTheKernel, on the same port again and again, while open connections go on;
// and no two faults of it at once.
func TestRefusedByTheKernel(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux can stop listening and keep the port")
	}
	rig, by := rigWith(t, target.New, false)
	open := rig.Dial(1)
	f := chaos.Fault{Name: "f", On: "blue", By: chaos.ByTarget, Share: 1, Effect: chaos.Refuse{}}
	other := f
	other.Name = "other"
	for range 5 {
		require.NoError(t, by.Inject(t.Context(), f))
		_, err := net.Dial("tcp", rig.Addr)
		assert.ErrorIs(t, err, syscall.ECONNREFUSED)
		assert.ErrorContains(t, by.Inject(t.Context(), other), "the target listens no more already")
		assert.Equal(t, chaos.SeesNothing, open.Look(0, false))
		require.NoError(t, by.Clear(t.Context(), f.Name))
		assert.Equal(t, chaos.SeesNothing, rig.Dial(2).Look(0, false))
	}
	e, err := by.Evidence(t.Context(), "f")
	require.NoError(t, err)
	_, why := e.Judge(f, true)
	assert.Equal(t, "it acted on 4 of 4 canary connections of its cohort and on nobody else: 4 connections turned off", why)
}
