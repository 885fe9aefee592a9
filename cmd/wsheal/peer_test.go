//go:build linux

package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
)

// TestRunsBreakTheirTargets: a run whose target is killed, stopped or starved goes on, and
// says what it did to it. One with TLS is trusted again in its next life.
func TestRunsBreakTheirTargets(t *testing.T) {
	for _, c := range []struct{ fault, target, why string }{
		{"kill, on: blue, at: chaos, for: 500ms", "{}", "1 process killed, which held "},
		{"pause, on: blue, at: chaos, for: 500ms", "{}", "the process stopped 1 time, while "},
		{"slow_server, on: blue, at: chaos, for: 1s", "{}", "the process stopped "},
		{"rolling_restart, on: blue, at: chaos, drain: 1012", "{tls: true}", "1 restart of what held "},
		{"kill, on: blue, by: process, at: chaos+300ms", "{tls: true}", "1 process killed, which held "},
	} {
		t.Run(c.fault, func(t *testing.T) {
			t.Parallel()
			judge(t, nil, []string{
				"steady", "-q", "--set", "targets.blue={embedded: " + c.target + "}",
				"--set", "clients={count: 20, ramp: 200ms}", "--set", "load.rate=200/s", "--set", "hold=200ms",
				"--set", "phases={warmup: 500ms, baseline: 500ms, chaos: 1s, recovery: 7s}",
				"--set", "steady_state=[]", "--set", "gates=[]", "--set", "faults=[{name: it, inject: " + c.fault + "}]",
			}, func(t testing.TB, s outcome) {
				require.Len(t, s.Faults, 1, "%s", s.said)
				assert.Equal(t, "confirmed", s.Faults[0].State, s.Faults[0].Why)
				assert.Contains(t, s.Faults[0].Why, c.why)
				assert.NotEqual(t, report.Inconclusive, s.Verdict, "%v", s.Reasons)
				assert.Equal(t, "complete", s.Ended.Reason, "%s", s.Ended.Why)
				for _, cause := range s.Causes {
					assert.NotEqual(t, "tls", cause.Cause)
				}
			})
		})
	}
}
