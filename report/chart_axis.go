package report

import (
	"fmt"
	"math"
)

// axis maps values from lo to hi onto user units from a to b.
type axis struct {
	lo, hi float64
	a, b   float64
	log    bool
}

func (x axis) at(v float64) float64 {
	lo, hi := x.lo, x.hi
	if x.log {
		v, lo, hi = math.Log10(max(v, x.lo)), math.Log10(lo), math.Log10(hi)
	}
	if hi <= lo {
		return x.a
	}
	return x.a + (min(max(v, lo), hi)-lo)/(hi-lo)*(x.b-x.a)
}

// linear ticks from 0: at most n steps of 1, 2 or 5 times a power of ten, no finer
// than least.
func linearTicks(hi float64, n int, least float64) []float64 {
	if hi <= 0 || math.IsInf(hi, 0) || math.IsNaN(hi) {
		return []float64{0}
	}
	step := math.Pow10(int(math.Floor(math.Log10(hi / float64(n)))))
	for _, m := range []float64{1, 2, 5, 10} {
		if hi/(step*m) <= float64(n)+1e-9 {
			step *= m
			break
		}
	}
	step = max(step, least)
	var ticks []float64
	for i := 0; float64(i)*step <= hi*(1+1e-9); i++ {
		ticks = append(ticks, float64(i)*step)
	}
	return ticks
}

// timeSteps are the distances between ticks of a time axis, in seconds.
var timeSteps = []float64{0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400}

// timeTicks of an axis that is span ns long, at most n steps.
func timeTicks(span int64, n int) []int64 {
	step := int64(timeSteps[len(timeSteps)-1] * 1e9)
	for _, s := range timeSteps {
		if float64(span) <= s*1e9*float64(n) {
			step = int64(s * 1e9)
			break
		}
	}
	for span/step > 100 { // longer than a hundred days
		step *= 10
	}
	var ticks []int64
	for t := int64(0); t <= span; t += step {
		ticks = append(ticks, t)
	}
	return ticks
}

// timeLabel of a tick: "15 s", "2:30", "1:02:00".
func timeLabel(ns, span int64) string {
	s := ns / 1e9
	switch {
	case span < 1e9:
		return FormatNumber(float64(ns)/1e6) + " ms"
	case span < 120e9:
		return FormatNumber(float64(ns)/1e9) + " s"
	case span < 3600e9:
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// decade is the power of ten at or below v, and the one at or above.
func decadeBelow(v float64) float64 { return math.Pow10(int(math.Floor(math.Log10(v) + 1e-9))) }
func decadeAbove(v float64) float64 { return math.Pow10(int(math.Ceil(math.Log10(v) - 1e-9))) }

// perColumn says how many neighbouring steps make one column, so that n steps fit into at
// most columns.
func perColumn(n, columns int) int { return max(1, (n+columns-1)/columns) }
