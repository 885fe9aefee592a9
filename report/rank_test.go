package report

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// The nearest rank is the least k with k/n >= q, by whole numbers and not by products that
// are a trifle off.
func TestRankIsExact(t *testing.T) {
	for _, permille := range []int64{1, 7, 100, 500, 560, 900, 990, 999, 1000} {
		for n := int64(1); n <= 3000; n++ {
			want := (permille*n + 999) / 1000
			if got := rank(float64(permille)/1000, n); got != want {
				assert.Equal(t, want, got, "%d of 1000, n %d", permille, n)
			}
		}
	}
	assert.Zero(t, rank(0.5, 0))
}
