package report

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Ranks by exact sums of the binomial distribution, as in the tables of Hahn and Meeker,
// Statistical Intervals: of the median of 10 the second and ninth, of 20 the 6th and 15th, of 100 the 40th and
// 61st; p90 of 100 from the 84th to the 96th; below 6 there is none, and of p99 no upper one
// below 368.
func TestRanks(t *testing.T) {
	for _, c := range []struct {
		q         float64
		n         int64
		low, high int64
	}{
		{0.5, 5, 0, 6},
		{0.5, 6, 1, 6},
		{0.5, 10, 2, 9},
		{0.5, 20, 6, 15},
		{0.5, 100, 40, 61},
		{0.9, 100, 84, 96},
		{0.99, 367, 359, 368},
		{0.99, 368, 360, 368},
		{0.5, 20_000, 9861, 10140},
	} {
		low, high := ranks(c.q, c.n)
		assert.Equal(t, [2]int64{c.low, c.high}, [2]int64{low, high}, "%v of %d", c.q, c.n)
	}
}

// Whatever the distribution, the interval holds the quantile of the population as often as
// it says.
func TestRanksCover(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const samples, n, q = 2000, 200, 0.9
	low, high := ranks(q, n)
	held := 0
	for range samples {
		below := int64(0) // of n values, how many lie below the quantile
		for range n {
			if rng.Float64() < q {
				below++
			}
		}
		if low <= below && below < high {
			held++
		}
	}
	assert.GreaterOrEqual(t, held, samples*945/1000)
}
