package compare

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The null distribution is that of all signs, counted one by one.
func TestSignedRankCountsAllSigns(t *testing.T) {
	for n := range 11 {
		tail := signedRank(n)
		counts := make([]int, n*(n+1)/2+2)
		for signs := range 1 << n {
			w := 0
			for rank := 1; rank <= n; rank++ {
				if signs>>(rank-1)&1 == 1 {
					w += rank
				}
			}
			counts[w]++
		}
		sum := 0
		for w := len(counts) - 1; w >= 0; w-- {
			sum += counts[w]
			assert.InDelta(t, float64(sum)/float64(int(1)<<n), tail[w], 1e-12, "n %d, w %d", n, w)
		}
	}
}

// Critical values of the one-sided test: the largest T with P(W <= T) <= alpha (Wilcoxon
// and Wilcox 1964, as in Hollander and Wolfe, table A.4).
func TestCriticalValues(t *testing.T) {
	for _, c := range []struct {
		n        int
		alpha    float64
		critical int
	}{
		{5, 0.05, 0},
		{6, 0.025, 0},
		{7, 0.025, 2},
		{8, 0.025, 3},
		{9, 0.025, 5},
		{10, 0.025, 8},
		{12, 0.025, 13},
		{15, 0.025, 25},
		{20, 0.025, 52},
		{25, 0.025, 89},
		{7, 0.01, 0},
		{8, 0.01, 1},
		{10, 0.01, 5},
		{15, 0.01, 19},
		{20, 0.01, 43},
		{8, 0.005, 0},
		{10, 0.005, 3},
		{12, 0.005, 7},
		{20, 0.005, 37},
	} {
		s := sample{lo: make([]float64, c.n*(c.n+1)/2), tail: signedRank(c.n)}
		assert.LessOrEqual(t, s.below(c.critical), c.alpha, "n %d", c.n)
		assert.Greater(t, s.below(c.critical+1), c.alpha, "n %d", c.n)
	}
}

// Depression scale factors of nine patients (Hollander and Wolfe, table 3.1): the estimate
// is -0.46, the interval of 96.1 % from -0.786 to -0.010.
func TestHollanderWolfe(t *testing.T) {
	x := []float64{1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30}
	y := []float64{0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29}
	s := newSample(differences(x, y))
	assert.InDelta(t, -0.46, s.estimate(), 1e-9)
	low, high, level := s.interval(0.95)
	assert.InDelta(t, -0.786, low, 1e-9)
	assert.InDelta(t, -0.010, high, 1e-9)
	assert.InDelta(t, 0.961, level, 5e-4)
}

func differences(x, y []float64) (out []span) {
	for i := range x {
		out = append(out, span{y[i] - x[i], y[i] - x[i]})
	}
	return out
}

func TestFewPairsHaveNoInterval(t *testing.T) {
	for n := range 6 {
		low, high, level := newSample(make([]span, n)).interval(0.95)
		assert.True(t, math.IsInf(low, -1) && math.IsInf(high, 1), "n %d", n)
		assert.Equal(t, 1.0, level)
	}
	low, high, level := newSample(make([]span, 6)).interval(0.95)
	assert.Equal(t, []float64{0, 0, 1 - 2.0/64}, []float64{low, high, level})
}

// Over many samples of a known median the interval holds it as often as it says, and, being
// exact, hardly more often; of rounded values, which tie, at least as often.
func TestIntervalCovers(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	draws := map[string]func() float64{
		"normal":  rng.NormFloat64,
		"uniform": func() float64 { return rng.Float64() - 0.5 },
		"heavy":   func() float64 { return math.Tan(math.Pi * (rng.Float64() - 0.5)) },
	}
	const samples = 600
	for name, draw := range draws {
		for _, n := range []int{6, 12} {
			held, tied, level := 0, 0, 0.0
			for range samples {
				exact, rounded := make([]span, n), make([]span, n)
				for i := range n {
					v := draw()
					r := math.Round(2*v) / 2
					exact[i], rounded[i] = span{v, v}, span{r, r}
				}
				low, high, l := newSample(exact).interval(0.95)
				level = l
				if low <= 0 && 0 <= high {
					held++
				}
				if low, high, _ = newSample(rounded).interval(0.95); low <= 0 && 0 <= high {
					tied++
				}
			}
			three := 3 * math.Sqrt(level*(1-level)/samples)
			assert.InDelta(t, level, float64(held)/samples, three, "%s, n %d", name, n)
			assert.GreaterOrEqual(t, float64(tied)/samples, level-three, "%s rounded, n %d", name, n)
		}
	}
}

// The p-value and the interval are one test: it rejects a limit that lies outside.
func TestIntervalInvertsTheTest(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		pairs := make([]span, 6+rng.IntN(10))
		for i := range pairs {
			v := math.Round(4*rng.NormFloat64()) / 4
			pairs[i] = span{v, v}
		}
		s := newSample(pairs)
		low, high, level := s.interval(0.95)
		alpha := (1 - level) / 2
		assert.Greater(t, s.above(low), alpha+1e-12)
		assert.LessOrEqual(t, s.above(low-1e-9), alpha+1e-12)
		mirrored := make([]span, len(pairs))
		for i, p := range pairs {
			mirrored[i] = span{-p.hi, -p.lo}
		}
		mlow, mhigh, _ := newSample(mirrored).interval(0.95)
		assert.Equal(t, []float64{-high, -low}, []float64{mlow, mhigh})
		assert.InDelta(t, -s.estimate(), newSample(mirrored).estimate(), 1e-12)
	}
}

// What is not known of a pair can only widen the interval.
func TestUnknownPairsWiden(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	inf := math.Inf(1)
	for range 200 {
		known, open := make([]span, 12), make([]span, 12)
		for i := range known {
			v := rng.NormFloat64()
			known[i], open[i] = span{v, v}, span{v, v}
			if rng.IntN(4) == 0 {
				open[i] = span{-inf, inf}
			}
		}
		low, high, _ := newSample(known).interval(0.95)
		wlow, whigh, _ := newSample(open).interval(0.95)
		assert.LessOrEqual(t, wlow, low)
		assert.GreaterOrEqual(t, whigh, high)
	}
	s := newSample([]span{{-inf, inf}, {-inf, inf}})
	assert.True(t, math.IsNaN(s.estimate()))
	s = newSample([]span{{inf, inf}, {-inf, -inf}, {1, 1}})
	low, high := s.lo[0], s.hi[len(s.hi)-1]
	assert.True(t, math.IsInf(low, -1) && math.IsInf(high, 1))
}
