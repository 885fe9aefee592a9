package compare_test

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/report/compare"
)

// Ranks by the binomial table: of 6 values the interval is from the first to the last
// (96.9 %), of 10 from the second to the ninth (97.9 %), of 17 from the fifth to the 13th
// (95.1 %), of 5 there is none of 95 %.
func TestIntervalOfTheMedian(t *testing.T) {
	for _, c := range []struct {
		n         int
		low, high float64
		level     float64
	}{{6, 1, 6, 0.969}, {10, 2, 9, 0.979}, {17, 5, 13, 0.951}, {5, math.NaN(), math.NaN(), 0}, {1, math.NaN(), math.NaN(), 0}} {
		values := make([]float64, c.n)
		for i := range values {
			values[i] = float64(c.n - i)
		}
		r, err := compare.Repeat(arm("run", "recovery.t99", values...), compare.Rule{})
		require.NoError(t, err)
		require.Len(t, r.Metrics, 1)
		s := r.Metrics[0]
		assert.Equal(t, [2]bool{math.IsNaN(c.low), math.IsNaN(c.high)}, [2]bool{math.IsNaN(float64(s.Low)), math.IsNaN(float64(s.High))}, c.n)
		if c.level > 0 {
			assert.Equal(t, []float64{c.low, c.high}, []float64{float64(s.Low), float64(s.High)})
		}
		assert.InDelta(t, c.level, s.Level, 5e-4)
		assert.Equal(t, compare.Number(float64(c.n+1)/2), s.Median)
	}
}

func TestRepeatedVerdict(t *testing.T) {
	runs := arm("run", "recovery.t99", 1, 2, 3)
	for _, c := range []struct {
		verdicts []report.Verdict
		want     report.Verdict
		counted  int
	}{
		{[]report.Verdict{report.Pass, report.Pass, report.Pass}, report.Pass, 3},
		{[]report.Verdict{report.Pass, report.Invalid, report.Pass}, report.Inconclusive, 2},
		{[]report.Verdict{report.Fail, report.Invalid, report.Pass}, report.Fail, 2},
		{[]report.Verdict{report.Inconclusive, report.Pass, report.Fail}, report.Fail, 2},
	} {
		for i := range runs {
			runs[i].Verdict = c.verdicts[i]
		}
		r, err := compare.Repeat(runs, compare.Rule{})
		require.NoError(t, err)
		assert.Equal(t, c.want, r.Verdict)
		assert.Equal(t, c.counted, r.Metrics[0].Runs)
		var text, js bytes.Buffer
		require.NoError(t, r.WriteText(&text, report.Style{Unicode: true}))
		assert.Contains(t, text.String(), "recovery.t99")
		require.NoError(t, r.WriteJSON(&js))
		var back compare.Repeated
		require.NoError(t, json.Unmarshal(js.Bytes(), &back))
		assert.Equal(t, r.Verdict, back.Verdict)
	}
	_, err := compare.Repeat(nil, compare.Rule{})
	assert.EqualError(t, err, "there is no run")
}
