package report

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// Where there are too many columns, each two become one, empty ones among them and a last one
// that has no second, until there are few enough.
func TestColumnsOfAHeatMapAreJoined(t *testing.T) {
	for _, n := range []int{heatColumns, heatColumns + 1, 2 * heatColumns, 4*heatColumns - 1} {
		h := &heat{}
		s := newSeries()
		s.record(10_000_000)
		every := 1
		for (n+every-1)/every > heatColumns {
			every *= 2
		}
		want := make([]int64, (n+every-1)/every)
		for column := range n {
			if column%4 == 2 || column == n-1 {
				h.add(column, s)
				want[column/every]++
			}
		}
		out := h.Close("response", 1e9)
		assert.EqualValues(t, every*1e9, out.Step)
		got := make([]int64, len(out.Counts))
		for i, c := range out.Counts {
			for _, count := range c {
				got[i] += count
			}
		}
		assert.Equal(t, want, got, "of %d columns", n)
	}
}
