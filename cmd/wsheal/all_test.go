package main

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/scenarios/trial"
)

func TestTheVerdictOnAllIsTheWorst(t *testing.T) {
	of := func(verdicts ...report.Verdict) (rows []verdictRow) {
		for _, v := range verdicts {
			rows = append(rows, verdictRow{Scenario: "steady", Verdict: v, Seconds: 19})
		}
		return rows
	}
	assert.Equal(t, report.Pass, worst(of(report.Pass, report.Pass)))
	assert.Equal(t, report.Invalid, worst(of(report.Pass, report.Invalid, report.Pass)))
	assert.Equal(t, report.Fail, worst(of(report.Invalid, report.Fail, report.Inconclusive)))

	rows := of(report.Pass, report.Fail)
	rows[1].Scenario, rows[1].Reasons = "blip", []string{"gate a is broken", "gate b is broken"}
	var text, asJSON bytes.Buffer
	require.NoError(t, printVerdicts(&text, rows, false))
	assert.Contains(t, text.String(), "FAIL  blip    19 s  gate a is broken; gate b is broken\n")
	assert.Contains(t, text.String(), "\n2 scenarios: 1 pass, 1 fail, 0 inconclusive, 0 invalid\n")
	require.NoError(t, printVerdicts(&asJSON, rows, true))
	var out struct {
		Verdict   report.Verdict
		Scenarios []verdictRow
	}
	require.NoError(t, json.Unmarshal(asJSON.Bytes(), &out))
	assert.Equal(t, report.Fail, out.Verdict)
	assert.Equal(t, rows, out.Scenarios)
}

func TestACaseIsToldInALineForEachPair(t *testing.T) {
	c, err := trial.FindCase("gaming")
	require.NoError(t, err)
	var text bytes.Buffer
	require.NoError(t, printCase(&text, c, []trial.CaseResult{
		{Seed: 42, Before: 0.5, After: 0.05, Ratio: 0.1, Most: 0.2, T99: 4.1, Floor: 3.7, Verdict: report.Pass},
		{Seed: 43, Before: 0.5, After: 0.25, Ratio: 0.5, Most: 0.2, T99: -1, Floor: 3.7, Verdict: report.Fail, Reasons: []string{"never"}},
	}, false))
	assert.Equal(t, `gaming: connections drop at peak hours: downtime at least 80 % lower
pass         seed 42: 1 - avail.time before 50.00 %, after 5.00 %: 10.00 % of it, at most 20 % (t99 4.10 s, floor 3.70 s)
fail         seed 43: 1 - avail.time before 50.00 %, after 25.00 %: 50.00 % of it, at most 20 % (t99 never, floor 3.70 s)
             never
`, text.String())
}
