package ratio

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTenPairsAreBoundedByTheSecondAndTheNinth(t *testing.T) {
	xs := []float64{1.9, 1.1, 1.5, 1.3, 1.7, 1.2, 1.8, 1.4, 1.6, 1.0}
	e := Of(xs)
	assert.Equal(t, 10, e.N)
	assert.InDelta(t, 1.45, e.Median, 1e-12)
	assert.InDelta(t, 1.1, e.Low, 0)
	assert.InDelta(t, 1.8, e.High, 0)
	// P(2 <= B(10, 1/2) <= 8) = 1 - 2·(1 + 10)/1024
	assert.InDelta(t, 1-22.0/1024, e.Confidence, 1e-12)
	assert.Equal(t, "1.1 to 1.8", e.Interval())
	assert.InDelta(t, 1.9, xs[0], 0, "the caller's sample is left as it is")
}

func TestOneWildPairMovesNothing(t *testing.T) {
	xs := []float64{1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9}
	before := Of(xs)
	xs[9] = 1000
	assert.Equal(t, before, Of(xs))
}

func TestFewPairsHaveNoInterval(t *testing.T) {
	for n := range 6 {
		e := Of(make([]float64, n))
		assert.False(t, e.Bounded(), "%d pairs", n)
		assert.Equal(t, "none", e.Interval())
		assert.Equal(t, Open, Bar{Limit: 1}.Judge(e), "%d pairs prove nothing", n)
	}
	assert.True(t, math.IsNaN(Of(nil).Median))
	// All six on one side of the median: 2/64.
	six := Of([]float64{1, 2, 3, 4, 5, 6})
	assert.True(t, six.Bounded())
	assert.InDelta(t, 1.0, six.Low, 0)
	assert.InDelta(t, 6.0, six.High, 0)
}

func TestJudge(t *testing.T) {
	at := func(low, high float64) Estimate {
		return Estimate{N: 10, Median: (low + high) / 2, Low: low, High: high}
	}
	for _, c := range []struct {
		bar  Bar
		e    Estimate
		want Verdict
	}{
		{Bar{Limit: 1.2}, at(1.0, 1.1), Holds},
		{Bar{Limit: 1.2}, at(1.0, 1.2), Holds},
		{Bar{Limit: 1.2}, at(1.0, 1.21), Open},
		{Bar{Limit: 1.2}, at(1.21, 1.3), Broken},
		{Bar{Limit: 3, AtLeast: true}, at(3, 4), Holds},
		{Bar{Limit: 3, AtLeast: true}, at(2.9, 4), Open},
		{Bar{Limit: 3, AtLeast: true}, at(2, 2.9), Broken},
		{Bar{Limit: 3, AtLeast: true}, Estimate{N: 3, Median: 9, Low: math.Inf(-1), High: 9}, Open},
	} {
		assert.Equal(t, c.want, c.bar.Judge(c.e), "%v of %v", c.bar, c.e)
	}
	assert.Equal(t, "<= 1.5", Bar{Limit: 1.5}.String())
	assert.Equal(t, ">= 3", Bar{Limit: 3, AtLeast: true}.String())
}

// The interval keeps its promise: of many samples, at least 95 in 100 cover the median.
func TestIntervalsCoverTheMedian(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const samples = 4000
	covered := 0
	for range samples {
		xs := make([]float64, 12)
		for i := range xs {
			xs[i] = math.Exp(r.NormFloat64()) // skewed; its median is 1
		}
		if e := Of(xs); e.Low <= 1 && 1 <= e.High {
			covered++
		}
	}
	assert.GreaterOrEqual(t, float64(covered)/samples, Confidence)
}
