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

// A value that no run can have is refused by the name of the run and the metric, as it would
// decide what is held against it; one that is none is not taken for 0.
func TestABaselineOfImpossibleValuesIsRefused(t *testing.T) {
	runs, _ := pairsOf(6, 1, 1)
	for i := range runs {
		runs[i].Measured = map[string]float64{"avail.time": 0.5, "latency.shift": 0.5, "messages.lost": 0.5, "recovery.efficiency": 0.5, "recovery.t99": 0.5}
	}
	b, err := NewBaseline(runs, Rule{Metrics: []string{"avail.time", "latency.shift", "messages.lost", "recovery.efficiency", "recovery.t99"}})
	require.NoError(t, err)
	var text strings.Builder
	require.NoError(t, b.Write(&text))
	read := func(metric, value string) error {
		changed := strings.Replace(text.String(), fmt.Sprintf("%q:0.5", metric), fmt.Sprintf("%q:%s", metric, value), 1)
		require.NotEqual(t, text.String(), changed)
		_, err := ReadBaseline(strings.NewReader(changed))
		return err
	}
	const (
		seconds = "expected a number from 0 to 1e+09 s"
		count   = "expected a number from 0 to 1e+15"
	)
	for _, c := range []struct{ metric, value, want string }{
		{"recovery.t99", "-0.001", seconds},
		{"recovery.t99", "1e10", seconds},
		{"recovery.t99", "1e999", seconds},
		{"recovery.t99", "null", seconds},
		{"recovery.t99", `"1"`, seconds},
		{"messages.lost", "-1", count},
		{"messages.lost", "1e16", count},
		{"avail.time", "1.5", "expected a number from 0 to 1"},
		{"latency.shift", "-1e10", "expected a number from -1e+09 to 1e+09 s"},
	} {
		assert.EqualError(t, read(c.metric, c.value), fmt.Sprintf("run new0: metric %s: %s, %s", c.metric, c.value, c.want))
	}
	for metric, value := range map[string]string{"recovery.t99": "0", "latency.shift": "-1", "avail.time": "1.0000000001", "recovery.efficiency": "1.5", "messages.lost": "1e15"} {
		assert.NoError(t, read(metric, value), metric)
	}
	assert.EqualError(t, read("recovery.t99", "NaN"), `expected a baseline, as wsheal baseline save writes it: `+
		`line 8, after "recovery.t99": invalid character 'N' looking for beginning of value`)
	assert.ErrorContains(t, read("latency.shift", "Infinity"), `line 8, after "latency.shift": invalid character 'I'`)
}
