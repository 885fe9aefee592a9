package report

import "fmt"

// survivalCurve draws the Kaplan-Meier estimate of the share of outages that are not over,
// with its interval. It is "" when none was.
func survivalCurve(s *Summary) string {
	points := s.Recovery.Survival
	if len(points) == 0 {
		return ""
	}
	hi := max(points[len(points)-1].T, s.Recovery.Waited, 1)
	hi += hi / 12
	const top, bottom, height = 26.0, 206.0, 246.0
	x := axis{hi: float64(hi), a: chartLeft, b: chartWidth - chartRight}
	y := axis{hi: 1.04, a: bottom, b: top}
	words := "Estimated from " + FormatCount(int64(s.Recovery.Client.N)) + " outages."
	if e := s.Recovery.Estimate; e != nil {
		words += fmt.Sprintf(" Half are over after %s, 90 %% after %s, 99 %% after %s.", ended(e.P50, neverHealed), ended(e.P90, neverHealed), ended(e.P99, neverHealed))
	}
	var d drawing
	d.open("survival-curve", "Outages that last longer", words, chartWidth, height)
	d.text(inkTitle, atStart, x.a, 12, "Outages that last longer (Kaplan-Meier), with the 95 % interval")
	for _, q := range []float64{0, 0.25, 0.5, 0.75, 1} {
		if q > 0 {
			d.line(inkGrid, x.a, y.at(q), x.b, y.at(q))
		}
		d.text(inkSoft, atEnd, x.a-7, y.at(q)+4, FormatShare(q))
	}
	for _, t := range timeTicks(hi, 12) {
		at := x.at(float64(t))
		d.line(inkAxis, at, bottom, at, bottom+5)
		d.text(inkSoft, atMiddle, at, bottom+18, timeLabel(t, hi))
	}
	d.text(inkSoft, atEnd, x.b, height-6, "since the loss")
	var line, band pen
	line.move(x.a, y.at(1))
	down := 1.0
	for _, p := range points {
		at := x.at(float64(p.T))
		line.to(at, y.at(down))
		line.to(at, y.at(p.Down))
		down = p.Down
	}
	line.to(x.at(float64(max(hi-hi/13, points[len(points)-1].T))), y.at(down))
	for i, p := range points {
		to := x.at(float64(p.T))
		if i+1 < len(points) {
			to = x.at(float64(points[i+1].T))
		}
		if p.High > p.Low {
			from := x.at(float64(p.T))
			band.bar(from, y.at(p.High), to-from, y.at(p.Low)-y.at(p.High))
		}
	}
	d.path(inkGreenArea, band)
	d.path(inkGreenLine, line)
	d.line(inkAxis, x.a, bottom, x.b, bottom)
	return d.close()
}
