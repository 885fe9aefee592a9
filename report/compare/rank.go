package compare

import (
	"math"
	"slices"
)

// pairsMost bounds the pairs of one comparison: their averages grow with the square.
const pairsMost = 1000

// signedRank is the distribution of Wilcoxon's signed-rank statistic of n pairs without
// ties: at w, the chance that it is w or more, w from 0 to n(n+1)/2 + 1.
func signedRank(n int) []float64 {
	most := n * (n + 1) / 2
	p := make([]float64, most+2) // of exactly w; every sign is as likely as its opposite
	p[0] = 1
	for rank := 1; rank <= n; rank++ {
		for w := rank * (rank + 1) / 2; w >= 0; w-- {
			with := 0.0
			if w >= rank {
				with = p[w-rank]
			}
			p[w] = (p[w] + with) / 2
		}
	}
	for w := most - 1; w >= 0; w-- {
		p[w] += p[w+1]
	}
	return p
}

// span is what is known of one pair: a value, or the bounds that it lies in.
type span struct{ lo, hi float64 }

// sample is the pairs of one metric.
type sample struct {
	lo, hi []float64 // Walsh averages in ascending order, each pair at its lower and at its upper bound
	tail   []float64
}

func newSample(pairs []span) sample {
	s := sample{tail: signedRank(len(pairs))}
	for i, a := range pairs {
		for _, b := range pairs[i:] {
			s.lo = append(s.lo, mean(a.lo, b.lo, math.Inf(-1)))
			s.hi = append(s.hi, mean(a.hi, b.hi, math.Inf(1)))
		}
	}
	slices.Sort(s.lo)
	slices.Sort(s.hi)
	return s
}

// mean of two values; opposite infinities average to what is said.
func mean(a, b, opposite float64) float64 {
	if math.IsInf(a, 0) && a == -b {
		return opposite
	}
	return a/2 + b/2
}

// estimate is the Hodges-Lehmann estimate; NaN where unknown pairs leave it open.
func (s sample) estimate() float64 {
	lo, hi := median(s.lo), median(s.hi)
	if lo == hi {
		return lo
	}
	return (lo + hi) / 2 // of -Inf and +Inf: NaN
}

// interval is the exact confidence interval of the median with at least the level asked
// for, and its own level; without bounds, and 1, where so few pairs have none.
func (s sample) interval(level float64) (low, high, exact float64) {
	alpha := (1 - level) / 2
	k := 0 // of the averages, so many lie outside on either side
	for len(s.lo) > 2*k && s.below(k) <= alpha {
		k++
	}
	if k == 0 {
		return math.Inf(-1), math.Inf(1), 1
	}
	return s.lo[k-1], s.hi[len(s.hi)-k], 1 - 2*s.below(k-1)
}

// below is the chance that the statistic is w or less, by its symmetry.
func (s sample) below(w int) float64 { return s.tail[len(s.lo)-w] }

// above is the p-value against the median being the limit or less.
func (s sample) above(limit float64) float64 {
	n := 0
	for _, x := range s.lo {
		if x > limit {
			n++
		}
	}
	return s.tail[n]
}

// median of values in ascending order; NaN of none.
func median(sorted []float64) float64 {
	n := len(sorted)
	if n == 0 {
		return math.NaN()
	}
	return mean(sorted[(n-1)/2], sorted[n/2], math.NaN())
}
