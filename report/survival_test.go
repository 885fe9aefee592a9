package report

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The remission times of 21 patients under 6-mercaptopurine, in weeks, + for censored
// (Freireich et al., 1963), are the textbook case; its table is in every manual.
func TestSurvivalIsTheTextbooks(t *testing.T) {
	var samples []sample
	for _, x := range []struct {
		weeks  int64
		healed bool
	}{
		{6, true},
		{6, true},
		{6, true},
		{6, false},
		{7, true},
		{9, false},
		{10, true},
		{10, false},
		{11, false},
		{13, true},
		{16, true},
		{17, false},
		{19, false},
		{20, false},
		{22, true},
		{23, true},
		{25, false},
		{32, false},
		{32, false},
		{34, false},
		{35, false},
	} {
		samples = append(samples, sample{from: 100, to: 100 + x.weeks, healed: x.healed})
	}
	rand.Shuffle(len(samples), func(i, j int) { samples[i], samples[j] = samples[j], samples[i] })
	points := survive(samples)
	want := []SurvivalPoint{
		{T: 6, Down: .8571, Low: .6197, High: .9516, AtRisk: 21},
		{T: 7, Down: .8067, Low: .5631, High: .9228, AtRisk: 17},
		{T: 10, Down: .7529, Low: .5032, High: .8894, AtRisk: 15},
		{T: 13, Down: .6902, Low: .4316, High: .8491, AtRisk: 12},
		{T: 16, Down: .6275, Low: .3675, High: .8049, AtRisk: 11},
		{T: 22, Down: .5378, Low: .2678, High: .7468, AtRisk: 7},
		{T: 23, Down: .4482, Low: .1881, High: .6801, AtRisk: 6},
	}
	require.Len(t, points, len(want))
	for i, p := range points {
		assert.Equal(t, want[i].T, p.T)
		assert.Equal(t, want[i].AtRisk, p.AtRisk)
		assert.InDelta(t, want[i].Down, p.Down, 6e-5)
		assert.InDelta(t, want[i].Low, p.Low, 6e-5)
		assert.InDelta(t, want[i].High, p.High, 6e-5)
	}
	assert.Equal(t, int64(23), healedBy(points, 0.5))
	assert.Equal(t, int64(-1), healedBy(points, 0.9))
}

// Where all were seen for as long as the longest, the estimate is the nearest rank.
func TestSurvivalWithoutCensoringIsTheNearestRank(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 5))
	for range 200 {
		n := 1 + rng.IntN(400)
		samples, lasted := make([]sample, n), make([]int64, n)
		for i := range samples {
			d := rng.Int64N(1 + rng.Int64N(1000)) // with ties
			samples[i], lasted[i] = sample{to: d, healed: true}, d
			if rng.IntN(20) == 0 {
				samples[i], lasted[i] = sample{to: 1000}, math.MaxInt64
			}
		}
		points, exact := survive(samples), quantiles(lasted)
		assert.Equal(t, exact.P50, healedBy(points, 0.5))
		assert.Equal(t, exact.P90, healedBy(points, 0.9))
		assert.Equal(t, exact.P99, healedBy(points, 0.99))
		for i, p := range points {
			assert.LessOrEqual(t, p.Low, p.Down)
			assert.LessOrEqual(t, p.Down, p.High+1e-12)
			assert.True(t, i == 0 || p.Down < points[i-1].Down)
		}
		assert.LessOrEqual(t, len(thin(points)), curvePoints)
	}
}
