package trial_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/scenarios"
	"github.com/wsheal/wsheal/scenarios/trial"
)

func TestTheLawOfAScenario(t *testing.T) {
	for _, c := range []struct {
		policy string
		limit  time.Duration
		nstar  float64
	}{
		{"{base: fixed, handshake_timeout: 1s}", 3 * time.Second, 120},
		{"fixed", 11 * time.Second, 440},
		{"full-jitter", 20 * time.Second, 800},
		{"equal-jitter", 25 * time.Second, 1000},
		{"exponential", 30 * time.Second, 1200},
	} {
		s, err := scenarios.Open("metastable", scenarios.Options{Set: []string{"clients.policy=" + c.policy}})
		require.NoError(t, err)
		law, err := trial.LawOf(s)
		require.NoError(t, err)
		assert.Equal(t, c.limit, law.Limit(), c.policy)
		assert.InEpsilon(t, c.nstar, law.NStar(), 1e-9, c.policy)
	}
	for set, want := range map[string]string{
		"clients.policy=default":                           "policy default: expected no first spread",
		"clients.policy=decorrelated":                      "expected one whose mean is known",
		"targets.blue.embedded.handshake.stale_work=false": "expected stale_work, no queue",
		"targets.blue.embedded.handshake={}":               "expected workers and cost",
	} {
		s, err := scenarios.Open("metastable", scenarios.Options{Set: []string{"clients.policy=fixed", set}})
		require.NoError(t, err)
		_, err = trial.LawOf(s)
		assert.ErrorContains(t, err, want)
	}
}

func TestNStarIsFoundByHalving(t *testing.T) {
	law := trial.Law{Mu: 40, Tau: time.Second, Backoff: time.Second}
	find := func(most int) trial.Search {
		s, err := trial.FindNStar(t.Context(), law, 3, func(_ context.Context, n, _ int) (bool, error) { return n <= most, nil })
		require.NoError(t, err)
		assert.LessOrEqual(t, s.Low, most)
		return s
	}
	s := find(118)
	assert.True(t, s.Agrees)
	assert.Equal(t, report.Pass, s.Verdict())
	assert.Greater(t, s.High, 118)
	assert.LessOrEqual(t, float64(s.High), 1.08*float64(s.Low))
	for i := 1; i < len(s.Points); i++ {
		assert.Less(t, s.Points[i-1].N, s.Points[i].N)
	}

	s = find(90) // of 120: 0.84 was predicted to recover, and did not
	assert.False(t, s.Agrees)
	assert.Equal(t, report.Fail, s.Verdict())
	s = find(1000)
	assert.Zero(t, s.High)
	assert.False(t, s.Agrees)
	s, err := trial.FindNStar(t.Context(), law, 3, func(context.Context, int, int) (bool, error) { return false, nil })
	require.NoError(t, err)
	assert.Zero(t, s.Low)
	assert.False(t, s.Agrees)

	s, err = trial.FindNStar(t.Context(), law, 3, func(_ context.Context, n, round int) (bool, error) { return n < 130 && round > 0 || n < 100, nil })
	require.NoError(t, err)
	assert.False(t, s.Agrees, "one of three that differs outside of what is doubtful is told")
	assert.Contains(t, s.Points, trial.Point{N: 101, Share: 101. / 120, Runs: 3, Recovered: 2, Predicted: "recovers"})
}
