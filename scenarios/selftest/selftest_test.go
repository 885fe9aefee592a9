package selftest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/scenarios"
)

func TestEveryCaseHasItsGateAndOneBadHabit(t *testing.T) {
	for _, c := range Cases() {
		good, err := c.Open(false)
		require.NoError(t, err)
		bad, err := c.Open(true)
		require.NoError(t, err)
		assert.True(t, slices.ContainsFunc(good.Gates, func(g report.Gate) bool { return g.Text == c.Gate }), "%s has no gate %s", c.Healer, c.Gate)
		assert.NotEqual(t, c.Set == nil, c.Instead == nil, "%s is bad in one way", c.Healer)
		if c.Set != nil {
			assert.NotEqual(t, good.Clients.Policy, bad.Clients.Policy, c.Healer)
		}
	}
	_, err := OpenPlacebo()
	require.NoError(t, err)
}

func TestHealersAreFoundByName(t *testing.T) {
	all, err := Find(nil)
	require.NoError(t, err)
	assert.Len(t, all, len(Cases()))
	some, err := Find([]string{"resend", "leak", "resend"})
	require.NoError(t, err)
	require.Len(t, some, 2)
	assert.Equal(t, []string{"leak", "resend"}, []string{some[0].Healer, some[1].Healer})
	_, err = Find([]string{"leak", "good"})
	assert.EqualError(t, err, `there is no bad healer "good"; expected some of: reset-on-open, no-jitter, gives-up, two-loops, leak, busy-ping, resend`)

	p, err := NewPlan(some)
	require.NoError(t, err)
	var names []string
	for _, s := range p.Scenarios() {
		names = append(names, s.Name)
	}
	assert.Equal(t, []string{"placebo", "leak", "leak", "resend", "resend"}, names)
}

// outcome is a run of a case, as it should be but for what change does.
func outcome(gate string, v report.Verdict, broken ...string) *report.Summary {
	s := &report.Summary{Verdict: v}
	for _, text := range append([]string{gate}, broken...) {
		g := report.GateResult{Text: text, Verdict: string(report.Pass), Why: "it was 1"}
		if slices.Contains(broken, text) {
			g.Verdict = string(report.Fail)
		}
		s.Gates = append(s.Gates, g)
	}
	return s
}

func TestOnlyTheGateThatIsMeantCatches(t *testing.T) {
	const gate = "messages.dup == 0"
	cases := []Case{{Healer: "resend", Gate: gate}}
	good, sugar := outcome(gate, report.Pass), outcome(gate, report.Pass)
	for name, tc := range map[string]struct {
		bad, good, placebo *report.Summary
		caught             bool
		want               report.Verdict
	}{
		"caught":                  {outcome(gate, report.Fail, gate), good, sugar, true, report.Pass},
		"caught, and more":        {outcome(gate, report.Fail, gate, "recovery.lost == 0"), good, sugar, true, report.Pass},
		"missed":                  {outcome(gate, report.Pass), good, sugar, false, report.Fail},
		"by another gate":         {outcome(gate, report.Fail, "recovery.lost == 0"), good, sugar, false, report.Fail},
		"harness unfit":           {outcome(gate, report.Invalid, gate), good, sugar, false, report.Inconclusive},
		"a good one is caught":    {outcome(gate, report.Fail, gate), outcome(gate, report.Fail, gate), sugar, true, report.Fail},
		"a good one proves none":  {outcome(gate, report.Fail, gate), outcome(gate, report.Inconclusive), sugar, true, report.Inconclusive},
		"the placebo does harm":   {outcome(gate, report.Fail, gate), good, outcome(gate, report.Fail, gate), true, report.Fail},
		"missed, another unclear": {outcome(gate, report.Pass), outcome(gate, report.Invalid), sugar, false, report.Fail},
	} {
		t.Run(name, func(t *testing.T) {
			r := judge(cases, []*report.Summary{tc.bad}, []*report.Summary{tc.good}, tc.placebo)
			assert.Equal(t, tc.caught, r.Rows[0].Caught)
			assert.Equal(t, tc.want, r.Verdict)
			var text, data bytes.Buffer
			require.NoError(t, r.WriteText(&text))
			require.NoError(t, r.WriteJSON(&data))
			assert.Contains(t, text.String(), map[bool]string{true: "1 of 1 bad healers caught", false: "0 of 1 bad healers caught"}[tc.caught])
			assert.Contains(t, data.String(), `"verdict": "`+string(tc.want)+`"`)
		})
	}
}

func TestUnfitRunsAreMadeAgain(t *testing.T) {
	var into *report.Summary
	made := []string{}
	record := func(_ context.Context, name string, _ *scenarios.Scenario, _ Opener) (*report.Summary, error) {
		made = append(made, name)
		if len(made) < 3 {
			return outcome("x", report.Invalid), nil
		}
		return outcome("x", report.Pass), nil
	}
	require.NoError(t, do(t.Context(), []job{{name: "a", into: &into}}, 2, record))
	assert.Equal(t, []string{"a", "a-2", "a-3"}, made)
	assert.Equal(t, report.Pass, into.Verdict)

	broken := errors.New("no room")
	err := do(t.Context(), []job{{name: "a", into: &into}}, 1, func(context.Context, string, *scenarios.Scenario, Opener) (*report.Summary, error) {
		return nil, broken
	})
	assert.ErrorIs(t, err, broken)
	assert.ErrorContains(t, err, "a: ")
}
