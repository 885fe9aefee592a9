package report

import (
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A name stands beside its dot, and below the names that are there already.
func TestNamesOfDotsDoNotCoverEachOther(t *testing.T) {
	s := Scatter{XLow: 1, XHigh: 100, YHigh: 10}
	for _, name := range []string{"first", "second", "third"} {
		s.Dots = append(s.Dots, ScatterDot{X: 10, Y: 5, Name: name})
	}
	s.Dots = append(s.Dots, ScatterDot{X: 10, Y: 9, Name: "elsewhere"})
	plot := s.draw("plot")
	at := func(name string) float64 {
		m := regexp.MustCompile(` y="([0-9.]+)">` + name + `</text>`).FindStringSubmatch(plot)
		require.NotNil(t, m, name)
		y, err := strconv.ParseFloat(m[1], 64)
		require.NoError(t, err)
		return y
	}
	y := axis{lo: 0, hi: 10, a: 420 - 50, b: 44}
	assert.InDelta(t, y.at(5)+4, at("first"), 0.1)
	assert.InDelta(t, y.at(5)+4+13, at("second"), 0.1)
	assert.InDelta(t, y.at(5)+4+26, at("third"), 0.1)
	assert.InDelta(t, y.at(9)+4, at("elsewhere"), 0.1)
}
