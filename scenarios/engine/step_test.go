package engine

import (
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/driver"
	"github.com/wsheal/wsheal/pool/heal"
	"github.com/wsheal/wsheal/report"
)

// TestNothingOfAStepIsLeftOut: whatever a client is told, and whatever it orders, the
// journal has, or a replay would not be exact. Fields that are added to package heal make
// this fail until the journal has them.
func TestNothingOfAStepIsLeftOut(t *testing.T) {
	event := heal.Event{
		Kind: heal.Lost, Cause: heal.CloseFrame, Code: 4001, Gen: 2, Timer: 3, Verdict: heal.Elsewhere, Endpoint: 4, Only: true,
		RetryAfter: 5, Within: 6, RTT: 7, Inbound: 8, Outbound: 9, Drained: 10, Handed: 11, Heard: 12, Path: heal.PathFrozen,
	}
	for v, i := reflect.ValueOf(event), 0; i < v.NumField(); i++ {
		require.False(t, v.Field(i).IsZero(), "heal.Event.%s: give it a value here", v.Type().Field(i).Name)
	}
	back, err := stepEvent(StepRecord(driver.Event{Step: event, From: heal.Stable, State: heal.State{Phase: heal.Waiting}}))
	require.NoError(t, err)
	assert.Equal(t, event, back)

	// Of an order nothing is read back, but each of its fields must make a difference.
	action := reflect.TypeFor[heal.Action]()
	written := reflect.TypeFor[report.Action]()
	for i := range action.NumField() {
		name := action.Field(i).Name
		_, ok := written.FieldByName(name)
		assert.True(t, ok, "report.Action has no %s", name)
	}
	assert.Equal(t, action.NumField(), written.NumField())
}

// TestOrdersAreWrittenWhole, on what a client of a pool asks for once its credentials, or
// the endpoint that it was sent to, were refused.
func TestOrdersAreWrittenWhole(t *testing.T) {
	s := open(t, "reset-storm", "clients.sharing=shared", "targets.green={embedded: {}}", "clients.endpoints=[{target: blue}, {target: green}]", "faults.cut.on=blue")
	policy := FleetPolicy(s)
	policy.Refreshable = true
	for verdict, want := range map[heal.Verdict]report.Action{
		heal.Reauth:    {Kind: "ask", Fresh: true},
		heal.Elsewhere: {Kind: "ask", Avoid: true, Endpoint: 7},
	} {
		var state heal.State
		var last report.Step
		for i, ev := range []heal.Event{
			{Kind: heal.Start},
			{Kind: heal.Admitted, Endpoint: 7},
			{Kind: heal.Failed, Gen: 1, Cause: heal.Status, Code: 401, Verdict: verdict},
			{Kind: heal.TimerFired},
		} {
			from := state.Phase
			if ev.Kind == heal.TimerFired {
				ev.Timer = state.Timer
			}
			actions := heal.Step(heal.Instant(i)*heal.Instant(time.Minute), ev, &state, &policy, heal.Rand{Seed: 1})
			last = StepRecord(driver.Event{Step: ev, From: from, State: state, Actions: actions})
		}
		require.NotEmpty(t, last.Actions, "%v", verdict)
		assert.Equal(t, want, last.Actions[0], "%v", verdict)
	}
}

// TestCauseOfWhatThePolicyEnded: the network did not say, the state does.
func TestCauseOfWhatThePolicyEnded(t *testing.T) {
	for _, c := range []struct {
		kind     heal.EventKind
		from, to heal.Phase
		told     bool
	}{
		{heal.TimerFired, heal.Dialing, heal.Waiting, true},
		{heal.TimerFired, heal.Proving, heal.Asking, true},
		{heal.TimerFired, heal.Suspect, heal.Dialing, true},
		{heal.TimerFired, heal.Checking, heal.Waiting, true},
		{heal.Disproved, heal.Proving, heal.Waiting, true},
		{heal.Disproved, heal.Checking, heal.GaveUp, true},
		{heal.TimerFired, heal.Waiting, heal.Dialing, false},
		{heal.TimerFired, heal.Waiting, heal.Asking, false},
		{heal.TimerFired, heal.Asking, heal.Asking, false},
		{heal.TimerFired, heal.Joining, heal.Stable, false},
		{heal.TimerFired, heal.Stable, heal.Suspect, false},
		{heal.Admitted, heal.Asking, heal.Dialing, false},
		{heal.Close, heal.Ready, heal.Retired, false},
	} {
		got := StepRecord(driver.Event{Step: heal.Event{Kind: c.kind}, From: c.from, State: heal.State{Phase: c.to, Cause: heal.Invalid}})
		assert.Equal(t, c.told, got.Cause == "invalid", "%v: %v to %v", c.kind, c.from, c.to)
	}
}
