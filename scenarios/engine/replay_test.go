package engine

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/driver"
	"github.com/wsheal/wsheal/pool/heal"
	"github.com/wsheal/wsheal/report"
)

// TestReplaySeesEveryDifference: whatever of a decision is changed is found.
func TestReplaySeesEveryDifference(t *testing.T) {
	s := open(t, "reset-storm")
	policy := FleetPolicy(s)
	replay := func(change func(*report.Step)) error {
		b := newBench(t, s)
		var state heal.State
		for i, ev := range []heal.Event{{Kind: heal.Start}, {Kind: heal.Opened, Gen: 1}, {Kind: heal.Proved, Gen: 1}, {Kind: heal.Lost, Gen: 1, Cause: heal.Reset}} {
			from, at := state.Phase, heal.Instant(i)*1e9
			actions := heal.Step(at, ev, &state, &policy, heal.Rand{Seed: s.Seed, Client: 3})
			require.NotEmpty(t, actions.All(), "%v", ev.Kind)
			b.rec.observe(driver.Event{Kind: driver.Stepped, At: at, Client: 3, Step: ev, From: from, State: state, Actions: actions})
		}
		records := b.records()
		b = newBench(t, s)
		change(records[len(records)-1].Step)
		for _, r := range records {
			b.rec.write(r)
		}
		require.NoError(t, b.run.journal.Flush())
		_, err := Replay(report.NewReader(&b.journal), policy, s.Seed)
		return err
	}
	require.NoError(t, replay(func(*report.Step) {}))
	for name, change := range map[string]func(*report.Step){
		"from":           func(r *report.Step) { r.From = "stable" },
		"to":             func(r *report.Step) { r.To = "dialing" },
		"generation":     func(r *report.Step) { r.Gen++ },
		"attempt":        func(r *report.Step) { r.Attempt++ },
		"endpoint":       func(r *report.Step) { r.Endpoint++ },
		"verdict":        func(r *report.Step) { r.Verdict = "no verdict" },
		"path":           func(r *report.Step) { r.Path = "no path" },
		"time of timer":  func(r *report.Step) { r.Actions[0].At++ },
		"kind of action": func(r *report.Step) { r.Actions[0].Kind = "dial" },
		"one less":       func(r *report.Step) { r.Actions = r.Actions[1:] },
		"one more":       func(r *report.Step) { r.Actions = append(r.Actions, report.Action{Kind: "dial", Gen: 2}) },
		"cause":          func(r *report.Step) { r.Cause = "no cause" },
		"event":          func(r *report.Step) { r.Event = "no event" },
	} {
		assert.Error(t, replay(change), name)
	}
}
