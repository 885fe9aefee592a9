package target_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/target"
	"github.com/wsheal/wsheal/internal/faultrig"
)

// TestInjectorSaysWhatIsWrong, and where.
func TestInjectorSaysWhatIsWrong(t *testing.T) {
	_, by := rigWith(t, target.New, false)
	ctx := t.Context()
	hang := chaos.Fault{Name: "f", On: "blue", Share: 1, Effect: chaos.AcceptHang{}}
	for _, c := range []struct {
		change func(*chaos.Fault)
		want   string
	}{
		{func(f *chaos.Fault) { f.On = "green" }, `fault "f": there is no embedded target "green"`},
		{func(f *chaos.Fault) { f.Effect = chaos.Reset{} }, "target cannot express reset; proxy could"},
		{func(f *chaos.Fault) { f.Effect, f.Share = chaos.AcceptHang{Stage: chaos.AtTCP}, 0.5 }, "a share of the clients at stage tcp"},
		{func(f *chaos.Fault) { f.Conns = chaos.Existing }, "accept_hang touches new connections, not existing"},
		{func(f *chaos.Fault) { f.Effect = chaos.UpgradeReject{Status: 200} }, "status 200 is below 400"},
		{func(f *chaos.Fault) { f.Effect = chaos.UpgradeReject{Status: 503, RetryAfter: time.Millisecond} }, "retry_after 1ms is not whole seconds"},
		{func(f *chaos.Fault) { f.Effect = chaos.AcceptThenClose{Code: 1006} }, "code 1006 must not be sent"},
		{func(f *chaos.Fault) { f.Effect = chaos.SlowHandshake{} }, "delay 0s and rate 0: expected one of them above 0"},
		{func(f *chaos.Fault) { f.Effect = chaos.SlowHandshake{Rate: 9, Stage: chaos.AtTCP} }, "rate 9 is of the answer to the upgrade"},
		{func(f *chaos.Fault) { f.Name = "" }, `field name: "", expected the name of the fault`},
		{func(f *chaos.Fault) { f.For = -1 }, "field for: -1ns, expected 0 or more"},
	} {
		f := hang
		c.change(&f)
		assert.ErrorContains(t, by.Inject(ctx, f), c.want)
	}
	require.NoError(t, by.Inject(ctx, hang))
	assert.ErrorContains(t, by.Inject(ctx, hang), `fault "f": a fault of this name is in force already`)
	require.NoError(t, by.Clear(ctx, "f"))
	require.NoError(t, by.Clear(ctx, "f"), "clearing what is not in force is no error")
	require.NoError(t, by.Inject(ctx, hang), "the name can be used again")
	_, err := by.Evidence(ctx, "other")
	assert.ErrorContains(t, err, `evidence of "other": it was never injected`)
}

// TestTargetClearsByItself what has a time, whoever put it in force; who hung is let go.
func TestTargetClearsByItself(t *testing.T) {
	rig, by := rigWith(t, target.New, false)
	f := chaos.Fault{Name: "f", On: "blue", Share: 1, For: 50 * time.Millisecond, Effect: chaos.AcceptHang{}}
	require.NoError(t, by.Inject(t.Context(), f))
	_, saw, err := rig.Try(1, faultrig.Patience)
	if err != nil { // else it came when the time was up
		assert.Contains(t, []chaos.Sight{chaos.SeesEOF, chaos.SeesReset}, saw)
	}
	require.Eventually(t, func() bool {
		e, err := by.Evidence(t.Context(), "f")
		return err == nil && e.Cleared > 0
	}, faultrig.Patience, time.Millisecond)
	assert.Equal(t, chaos.SeesNothing, rig.Dial(2).Look(0, false))
}

// TestCanariesAreActedOnAndNotCounted, neither among those that a fault was to hit nor by what
// was done to them.
func TestCanariesAreActedOnAndNotCounted(t *testing.T) {
	rig, by := rigWith(t, target.New, false)
	f := chaos.Fault{Name: "f", On: "blue", Share: 1, Effect: chaos.UpgradeReject{Status: 503}}
	canary, ok := chaos.CanaryFor(f, true, nil)
	require.True(t, ok)
	require.NoError(t, by.Inject(t.Context(), f))
	_, saw, err := rig.Try(canary, faultrig.Patience)
	require.Error(t, err)
	assert.Equal(t, chaos.SeesStatus, saw)
	require.NoError(t, by.Clear(t.Context(), f.Name))
	e, err := by.Evidence(t.Context(), f.Name)
	require.NoError(t, err)
	assert.NotZero(t, e.First)
	assert.Zero(t, e.Count("rejected"))
	assert.Zero(t, e.Targeted)
	assert.Zero(t, e.ControlHit)
}
