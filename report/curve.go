package report

import "math"

// curveSteps are the shares at which a percentile curve is told, as far as there are
// enough values: so close that the line through them is the distribution's.
var curveSteps = func() []float64 {
	steps := []float64{0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8}
	for tail := 0.1; tail > 1e-7; tail /= 10 {
		for _, m := range [...]float64{1, 0.75, 0.5, 0.25, 0.15} {
			steps = append(steps, math.Round((1-tail*m)*1e9)/1e9)
		}
	}
	return steps
}()

// curve is the percentile curve over the values and lost more that are beyond any of them.
// It ends with the longest, at the share that was answered at all.
func (s *series) curve(lost int64) []Point {
	n := s.n() + lost
	if s.n() == 0 {
		return nil
	}
	var out []Point
	for _, q := range curveSteps {
		k := rank(q, n)
		if k >= s.n() {
			break
		}
		out = append(out, Point{T: s.at(k), V: q})
	}
	return append(out, Point{T: s.max, V: float64(s.n()) / float64(n)})
}
