package compare

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
)

// pairsOf are two arms with one value of recovery.t99 each, seeds from 0.
func pairsOf(n int, now, old float64) (a, b []Run) {
	run := func(name string, i int, v float64) Run {
		return Run{
			Name: fmt.Sprint(name, i), Episode: "e", Policy: name, Version: "1", Seed: uint64(i), Verdict: report.Pass,
			Measured: map[string]float64{"recovery.t99": v * (1 + float64(i)/1000)},
		}
	}
	for i := range n {
		a, b = append(a, run("new", i, now)), append(b, run("old", i, old))
	}
	return a, b
}

var byT99 = Rule{Metrics: []string{"recovery.t99"}}

// A pair of which nothing is known speaks for the old where worse is to be proven: the rest
// has to prove it alone.
func TestUnknownPairsProveNothingWorse(t *testing.T) {
	open := span{math.Inf(-1), math.Inf(1)}
	s := newSample([]span{{1, 1}, {2, 2}, {3, 3}, {4, 4}, {5, 5}, open})
	assert.Equal(t, 15, countAbove(s.lo, 0), "of 21 averages the six with the open pair are not above")
	assert.Equal(t, s.tail[15], s.above(0))
	assert.Greater(t, s.above(0), 0.025)
}

func countAbove(values []float64, limit float64) (n int) {
	for _, v := range values {
		if v > limit {
			n++
		}
	}
	return n
}

// Two pairs leave 2^-2 on either side: exactly what half a confidence allows.
func TestLevelThatIsJustReached(t *testing.T) {
	s := newSample([]span{{1, 1}, {2, 2}})
	low, high, level := s.interval(0.5)
	assert.Equal(t, []float64{1, 2, 0.5}, []float64{low, high, level})
}

// On a machine that is too noisy for the margin nothing is better, either.
func TestNothingIsBetterThanNoise(t *testing.T) {
	now, old := pairsOf(10, 0.7, 1)
	_, again := pairsOf(10, 0, 1.5)
	for i := range again {
		again[i].Name = fmt.Sprint("again", i)
	}
	c, err := Compare(now, old, again, byT99)
	require.NoError(t, err)
	assert.Equal(t, Unproven, c.Changes[0].Finding)
	assert.Equal(t, report.Inconclusive, c.Verdict)
}

// A tenth of the pairs may be left out, and no more.
func TestATenthMayBeLeftOut(t *testing.T) {
	for bad, want := range []report.Verdict{report.Pass, report.Pass, report.Inconclusive} {
		now, old := pairsOf(10, 1, 1)
		for i := range bad {
			now[i].Verdict = report.Invalid
		}
		c, err := Compare(now, old, nil, byT99)
		require.NoError(t, err)
		assert.Equal(t, want, c.Verdict, "%d of 10", bad)
	}
}

// Runs of two versions do not stand on one side, and fewer runs of one arm are still paired by
// their seeds.
func TestSidesAndSeeds(t *testing.T) {
	now, old := pairsOf(8, 1, 1)
	c, err := Compare(now[2:], old, nil, byT99)
	require.NoError(t, err)
	assert.Equal(t, "seed", c.Paired)
	assert.Equal(t, 6, c.Pairs)
	assert.InDelta(t, 0, float64(c.Changes[0].High), 1e-12, "each beside that of its seed")
	now[3].Version = "2"
	_, err = Compare(now, old, nil, byT99)
	assert.EqualError(t, err, "new0 and new3 stand on the same side, and are of new (1) and new (2)")
}

// What a baseline file has and nobody knows could be what it is judged by.
func TestBaselineIsReadStrictly(t *testing.T) {
	runs, _ := pairsOf(6, 1, 1)
	b, err := NewBaseline(runs, byT99)
	require.NoError(t, err)
	var text strings.Builder
	require.NoError(t, b.Write(&text))
	for from, to := range map[string]string{
		`"margin":0.1`: `"margin":0.1,"marign":0.5`,
		`"schema": 1`:  `"schema": 1, "ruels": {}`,
	} {
		changed := strings.Replace(text.String(), from, to, 1)
		require.NotEqual(t, text.String(), changed)
		_, err := ReadBaseline(strings.NewReader(changed))
		assert.ErrorContains(t, err, "unknown field")
	}
	_, err = ReadBaseline(strings.NewReader(text.String()))
	assert.NoError(t, err)
}

// The baseline's noise is of runs that follow each other, none in two pairs.
func TestNoiseOfNeighbours(t *testing.T) {
	runs, _ := pairsOf(6, 1, 1)
	b, err := NewBaseline(runs, byT99)
	require.NoError(t, err)
	assert.Equal(t, 3, b.Noise[0].Pairs)
}
