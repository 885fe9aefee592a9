package trial_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/scenarios"
	"github.com/wsheal/wsheal/scenarios/trial"
)

// run is a summary as far as a case reads it.
func run(v report.Verdict, metrics map[string]float64, unbounded ...string) *report.Summary {
	s := &report.Summary{Verdict: v, Metrics: metrics, Unbounded: unbounded}
	if v != report.Pass {
		s.Reasons = []string{"a gate is broken"}
	}
	return s
}

func TestEachCaseIsAPairOfOneEpisode(t *testing.T) {
	for _, c := range trial.Cases() {
		for _, healing := range []bool{true, false} {
			jobs, err := trial.Series{Arms: c.Arms(healing, nil), Rounds: 3, Seed: 42}.Jobs()
			require.NoError(t, err, c.Name)
			for _, j := range jobs {
				assert.Equal(t, c.Name+"-"+j.Arm, j.Scenario.Name)
				if j.Arm == trial.Before || !healing {
					assert.Equal(t, "by-hand", j.Scenario.Clients.Policy.Name)
				} else {
					assert.Equal(t, "healing", j.Scenario.Clients.Policy.Name)
				}
			}
		}
	}
	assert.True(t, trial.InCase("gaming-before"))
	assert.False(t, trial.InCase("blip"))
	_, err := trial.FindCase("gambling")
	assert.EqualError(t, err, `there is no case "gambling"; expected one of: gaming, trading, collaboration`)
}

func TestFloorIsOfTheTargetsThatAreLeft(t *testing.T) {
	for name, want := range map[string]time.Duration{
		"gaming-after":        3712500 * time.Microsecond, // 0.99·300 at 80/s
		"trading-after":       495 * time.Millisecond,     // 0.99·200 at the 400/s of green
		"collaboration-after": 2970 * time.Millisecond,    // 0.99·150 at 50/s
		"steady":              0,                          // no capacity is known
	} {
		s, err := scenarios.Open(name, scenarios.Options{})
		require.NoError(t, err)
		assert.Equal(t, want, trial.Floor(s, float64(s.Clients.Count)), name)
	}
}

func TestAClaimIsHeldAgainstTheRatioAndTheFloor(t *testing.T) {
	trading, err := trial.FindCase("trading")
	require.NoError(t, err)
	s, err := scenarios.Open("trading-after", scenarios.Options{})
	require.NoError(t, err)
	recovered := func(t99 float64) map[string]float64 {
		return map[string]float64{"recovery.t99": t99, "recovery.lost": 200}
	}
	for _, c := range []struct {
		name          string
		before, after *report.Summary
		want          report.Verdict
		why           string
	}{
		{"kept", run(report.Pass, recovered(20)), run(report.Pass, recovered(0.9)), report.Pass, ""},
		{"at its limits", run(report.Pass, recovered(19.8)), run(report.Pass, recovered(0.99)), report.Pass, ""},
		{"ratio", run(report.Pass, recovered(10)), run(report.Pass, recovered(0.9)), report.Fail, "the after has 9.0 % of the before, the claim allows 5 %"},
		{"floor", run(report.Pass, recovered(40)), run(report.Pass, recovered(1.1)), report.Fail, "99 % were back after 1.10 s, expected within twice the floor of 0.49 s"},
		{"never", run(report.Pass, recovered(20)), run(report.Fail, map[string]float64{"recovery.lost": 200}, "recovery.t99"), report.Fail, "the after: a gate is broken"},
		{"gates of the after", run(report.Pass, recovered(20)), run(report.Fail, recovered(0.9)), report.Fail, "the after: a gate is broken"},
		{"gates of the before", run(report.Fail, recovered(20)), run(report.Pass, recovered(0.9)), report.Inconclusive, "the before is not what it says: a gate is broken"},
		{"unfit", run(report.Invalid, recovered(20)), run(report.Pass, recovered(0.9)), report.Inconclusive, "the runs prove nothing: before invalid, after pass"},
		{"nothing measured", run(report.Pass, nil), run(report.Pass, recovered(0.9)), report.Inconclusive, "the runs prove nothing: before pass, after pass"},
	} {
		r := trading.Judge(s, c.before, c.after)
		assert.Equal(t, c.want, r.Verdict, c.name)
		if c.why == "" {
			assert.Empty(t, r.Reasons, c.name)
		} else {
			assert.Contains(t, r.Reasons, c.why, c.name)
		}
	}
}

func TestDowntimeAndErrorsAreTheRest(t *testing.T) {
	gaming, err := trial.FindCase("gaming")
	require.NoError(t, err)
	s, err := scenarios.Open("gaming-after", scenarios.Options{})
	require.NoError(t, err)
	r := gaming.Judge(s,
		run(report.Pass, map[string]float64{"avail.time": 0.5}),
		run(report.Pass, map[string]float64{"avail.time": 0.9375, "recovery.t99": 4, "recovery.lost": 300}))
	assert.Equal(t, report.Pass, r.Verdict)
	assert.Equal(t, 0.125, r.Ratio)
	assert.Equal(t, "50.00 %", gaming.Show(r.Before))
	assert.Equal(t, "1 - avail.time", gaming.Words())
	assert.Equal(t, "never", trial.Seconds(-1))
}
