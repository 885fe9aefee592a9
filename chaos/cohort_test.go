package chaos_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/wsheal/wsheal/chaos"
)

func TestInCohort(t *testing.T) {
	const n = 20_000
	for _, share := range []float64{0, 0.01, 0.3, 0.5, 0.99, 1} {
		in := 0
		for c := range uint64(n) {
			if chaos.InCohort(42, "cut", c, share) {
				in++
			}
		}
		// Five standard deviations of the binomial; none for the two ends.
		assert.InDelta(t, share*n, in, 5*math.Sqrt(n*share*(1-share)), "share %v", share)
	}
}

// A larger share contains the smaller one; another fault or seed draws anew.
func TestCohortsAreStickyAndIndependent(t *testing.T) {
	both, other, reseeded := 0, 0, 0
	for c := range uint64(10_000) {
		if !chaos.InCohort(1, "a", c, 0.5) {
			continue
		}
		assert.True(t, chaos.InCohort(1, "a", c, 0.6))
		both++
		if chaos.InCohort(1, "b", c, 0.5) {
			other++
		}
		if chaos.InCohort(2, "a", c, 0.5) {
			reseeded++
		}
	}
	assert.InDelta(t, 0.5, float64(other)/float64(both), 0.05)
	assert.InDelta(t, 0.5, float64(reseeded)/float64(both), 0.05)
}
