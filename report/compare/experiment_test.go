package compare_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/report/compare"
)

// The runs of testdata/aa/README.md: 120 of one policy, and 120 of one whose spread is
// 30 % longer.
func recorded(t *testing.T, file string) []compare.Run {
	t.Helper()
	f, err := os.Open("../../testdata/aa/" + file)
	require.NoError(t, err)
	defer f.Close()
	b, err := compare.ReadBaseline(f)
	require.NoError(t, err)
	require.Len(t, b.Runs, 120)
	return b.Runs
}

// draw takes n runs that the generator picks. Their seeds are given up for their order: a
// pair that shares its random numbers differs far less than what is shown here.
func draw(rng *rand.Rand, from []compare.Run, n int, name string) []compare.Run {
	var out []compare.Run
	for i, at := range rng.Perm(len(from))[:n] {
		r := from[at]
		r.Name, r.Started = fmt.Sprintf("%s-%03d", name, i), fmt.Sprintf("%03d", i)
		r.Seed = 7
		out = append(out, r)
	}
	return out
}

// verdicts counts what resampled comparisons come to.
func verdicts(t *testing.T, times, pairs int, arms func(*rand.Rand) (now, old []compare.Run), rule compare.Rule) map[report.Verdict]int {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, uint64(pairs)))
	out := map[report.Verdict]int{}
	for range times {
		now, old := arms(rng)
		c, err := compare.Compare(now, old, nil, rule)
		require.NoError(t, err)
		require.Equal(t, pairs, c.Pairs)
		out[c.Verdict]++
	}
	return out
}

// same is both arms from the runs of one policy, none of them in both.
func same(from []compare.Run, pairs int) func(*rand.Rand) (now, old []compare.Run) {
	return func(rng *rand.Rand) ([]compare.Run, []compare.Run) {
		both := draw(rng, from, 2*pairs, "run")
		return both[:pairs], both[pairs:]
	}
}

func slower(old, now []compare.Run, pairs int) func(*rand.Rand) ([]compare.Run, []compare.Run) {
	return func(rng *rand.Rand) ([]compare.Run, []compare.Run) {
		return draw(rng, now, pairs, "new"), draw(rng, old, pairs, "old")
	}
}

// resamples is how many comparisons each test draws from the recorded runs.
const resamples = 200

// TestSameIsNotFailed: runs of one policy, held against each other, are not called worse in
// at least 95 of 100 comparisons.
func TestSameIsNotFailed(t *testing.T) {
	for _, file := range []string{"default.json", "slower.json"} {
		runs := recorded(t, file)
		got := verdicts(t, resamples, compare.DefaultPairs, same(runs, compare.DefaultPairs), compare.Rule{})
		t.Log(file, got)
		assert.LessOrEqual(t, got[report.Fail], resamples*5/100, file)
	}
}

// TestSlowerIsFailed: a policy that is 30 % slower is never passed, and called worse in at
// least 80 of 100 comparisons; also where only the noisiest of the metrics decides.
func TestSlowerIsFailed(t *testing.T) {
	old, now := recorded(t, "default.json"), recorded(t, "slower.json")
	for _, c := range []struct {
		pairs int
		rule  compare.Rule
	}{{compare.DefaultPairs, compare.Rule{}}, {compare.DefaultPairs, compare.Rule{Metrics: []string{"recovery.t50"}}}} {
		got := verdicts(t, resamples, c.pairs, slower(old, now, c.pairs), c.rule)
		t.Log(c.pairs, c.rule.Metrics, got)
		assert.Zero(t, got[report.Pass])
		assert.GreaterOrEqual(t, got[report.Fail], resamples*80/100)
	}
}

// bySeed keeps the seeds of the runs that are drawn, the same ones in both arms.
func bySeed(now, old []compare.Run, pairs int) func(*rand.Rand) ([]compare.Run, []compare.Run) {
	return func(rng *rand.Rand) (a, b []compare.Run) {
		for _, at := range rng.Perm(len(old))[:pairs] {
			b = append(b, old[at])
			for _, r := range now {
				if r.Seed == old[at].Seed {
					r.Name += " (new)"
					a = append(a, r)
				}
			}
		}
		return a, b
	}
}

// TestSharedSeedsTellMore: with the same seeds in both arms, as wsheal run --against has
// them, the default number of pairs passes what is the same, and the noisiest metric alone
// shows what is slower.
func TestSharedSeedsTellMore(t *testing.T) {
	old, again, now := recorded(t, "default.json"), recorded(t, "again.json"), recorded(t, "slower.json")
	got := verdicts(t, resamples, compare.DefaultPairs, bySeed(again, old, compare.DefaultPairs), compare.Rule{})
	t.Log("same", got)
	assert.Zero(t, got[report.Fail])
	assert.GreaterOrEqual(t, got[report.Pass], resamples*80/100)
	got = verdicts(t, resamples, compare.DefaultPairs, bySeed(now, old, compare.DefaultPairs), compare.Rule{Metrics: []string{"recovery.t50"}})
	t.Log("slower", got)
	assert.Equal(t, resamples, got[report.Fail])
}
