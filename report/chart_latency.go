package report

import "fmt"

// latencyRanges draws one line per phase and cohort from the median response to the
// longest, on a log scale. It is "" when no message was answered.
func latencyRanges(s *Summary) string {
	var rows []LatencyRow
	lo, hi := 0.0, 0.0
	for _, l := range s.Latency {
		if l.Kind != "response" || l.N == 0 || l.P50 <= 0 {
			continue
		}
		if lo == 0 || float64(l.P50) < lo {
			lo = float64(l.P50)
		}
		hi = max(hi, float64(l.Max))
		rows = append(rows, l)
	}
	if len(rows) == 0 {
		return ""
	}
	if len(rows) > 24 {
		rows = rows[:24]
	}
	const rowHeight, top = 24.0, 30.0
	left := chartLeft
	for _, l := range rows {
		left = max(left, min(240, textWidth(l.name())+14))
	}
	lo, hi = decadeBelow(lo), decadeAbove(max(hi, lo*10))
	x := axis{lo: lo, hi: hi, a: left, b: chartWidth - chartRight - 60, log: true}
	bottom := top + rowHeight*float64(len(rows))

	words := ""
	for _, l := range rows {
		words += fmt.Sprintf("%s: median %s, p99 %s, longest %s. ", l.name(), FormatDuration(l.P50), FormatDuration(l.P99), FormatDuration(l.Max))
	}
	var d drawing
	d.open("latency-ranges", "Response times by phase", words, chartWidth, bottom+26)
	for t := lo; t <= hi*1.001; t *= 10 {
		d.line(inkGrid, x.at(t), top-6, x.at(t), bottom)
		d.text(inkSoft, atMiddle, x.at(t), bottom+16, FormatDuration(nanoseconds(t)))
	}
	legend := x.b
	for _, name := range []string{"max", "p99.9", "p99", "p90", "p50"} {
		legend -= textWidth(name)
		d.text(inkSoft, atStart, legend, 12, name)
		drawSign(&d, name, legend-9, 8)
		legend -= 30
	}
	for i, l := range rows {
		y := top + rowHeight*(float64(i)+0.5)
		d.text(inkText, atEnd, left-10, y+4, fitted(visible(l.name()), left-14))
		d.line(inkPlumLine, x.at(float64(l.P50)), y, x.at(float64(l.Max)), y)
		drawSign(&d, "max", x.at(float64(l.Max)), y)
		drawSign(&d, "p99.9", x.at(float64(l.P999)), y)
		drawSign(&d, "p99", x.at(float64(l.P99)), y)
		drawSign(&d, "p90", x.at(float64(l.P90)), y)
		drawSign(&d, "p50", x.at(float64(l.P50)), y)
		d.text(inkSoft, atStart, x.at(float64(l.Max))+8, y+4, FormatDuration(l.Max))
	}
	d.line(inkAxis, x.a, bottom, x.b, bottom)
	return d.close()
}

// drawSign draws the sign of a percentile: dots for the body, squares for the tail, a
// bar for the end.
func drawSign(d *drawing, name string, x, y float64) {
	switch name {
	case "p50":
		d.dot(inkPlum, x, y, 5)
	case "p90":
		d.dot(inkPlum, x, y, 3)
	case "p99":
		d.rect(inkPlum, x-4, y-4, 8, 8)
	case "p99.9":
		d.rect(inkPlum, x-3, y-3, 6, 6)
	default:
		d.line(inkPlumLine, x, y-6, x, y+6)
	}
}

// name of a row: the phase, and the cohort when it is not all.
func (l LatencyRow) name() string {
	if l.Cohort == "all" || l.Cohort == "" {
		return l.Phase
	}
	return l.Phase + ", " + l.Cohort
}
