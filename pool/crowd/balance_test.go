package crowd

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/heal"
)

// picks lets n picks happen, each adding to the load, and returns how often each was
// picked.
func picks(t *testing.T, b Balance, n int, load, weights []float64) []int {
	p := Picker{Balance: b, Rand: heal.Rand{Seed: 5}}
	got := make([]int, len(weights))
	most := 0.0
	for _, w := range weights {
		most = max(most, w)
	}
	for range n {
		i, ok := p.Pick(len(weights), most, func(i int) (float64, float64) { return load[i], weights[i] })
		require.True(t, ok)
		got[i]++
		load[i]++
	}
	return got
}

func TestPick(t *testing.T) {
	for _, b := range []Balance{PowerOfTwo, RoundRobin, LeastConnections} {
		t.Run(b.String(), func(t *testing.T) {
			for i, n := range picks(t, b, 1000, make([]float64, 10), []float64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}) {
				assert.InDelta(t, 100, n, 5, "%d", i)
			}
			got := picks(t, b, 700, make([]float64, 4), []float64{1, 2, 0, 4})
			assert.InDelta(t, 100, got[0], 12)
			assert.InDelta(t, 200, got[1], 12)
			assert.Zero(t, got[2], "weighs nothing")
			assert.InDelta(t, 400, got[3], 12)

			alone := make([]float64, 200)
			alone[137] = 0.01
			assert.Equal(t, 20, picks(t, b, 20, make([]float64, 200), alone)[137], "the only one")

			p := Picker{Balance: b}
			for _, n := range []int{0, 1, 5} {
				_, ok := p.Pick(n, 1, func(int) (float64, float64) { return 0, 0 })
				assert.False(t, ok, "none of %d", n)
			}
			assert.Zero(t, testing.AllocsPerRun(100, func() {
				p.Pick(4, 1, func(i int) (float64, float64) { return float64(i), 1 })
			}))
		})
	}
}

// The load counts, except for those who take turns.
func TestPickByLoad(t *testing.T) {
	for b, want := range map[Balance]int{PowerOfTwo: 0, LeastConnections: 0, RoundRobin: 20} {
		got := picks(t, b, 60, []float64{0, 0, 1000}, []float64{1, 1, 1})
		assert.Equal(t, want, got[2], b.String())
	}
}

// Power of two choices keeps the fullest close to the mean; one draw would not.
func TestPowerOfTwo(t *testing.T) {
	const n, balls = 1000, 100_000
	load, equal := make([]float64, n), make([]float64, n)
	for i := range equal {
		equal[i] = 1
	}
	fullest := 0
	for _, k := range picks(t, PowerOfTwo, balls, load, equal) {
		fullest = max(fullest, k)
	}
	assert.LessOrEqual(t, fullest, balls/n+5, "log log n / log 2 over the mean; by chance it would be 130")
}
