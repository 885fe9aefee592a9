package report

import (
	"fmt"
	"slices"
)

// latencyRanges draws one line per phase and cohort from the median response to the
// longest, on a log scale. It is "" when no message was answered.
func latencyRanges(s *Summary) string {
	var rows []LatencyRow
	lo, hi := 0.0, 0.0
	for _, l := range s.Latency {
		if l.Kind != "response" || l.N == 0 && l.Lost == 0 {
			continue
		}
		for _, v := range l.percentiles() {
			if v > 0 {
				if lo == 0 {
					lo = float64(v)
				}
				lo, hi = min(lo, float64(v)), max(hi, float64(v))
			}
		}
		rows = append(rows, l)
	}
	if hi == 0 {
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
		words += fmt.Sprintf("%s: median %s, p99 %s, longest %s. ", l.name(), ended(l.P50, lostMessage), ended(l.P99, lostMessage), ended(l.Max, lostMessage))
	}
	var d drawing
	d.open("latency-ranges", "Response times by phase", words, chartWidth, bottom+26)
	for t := lo; t <= hi*1.001; t *= 10 {
		d.line(inkGrid, x.at(t), top-6, x.at(t), bottom)
		d.text(inkSoft, atMiddle, x.at(t), bottom+16, FormatDuration(nanoseconds(t)))
	}
	legend := x.b
	for _, name := range slices.Backward(percentileNames[:]) {
		legend -= textWidth(name)
		d.text(inkSoft, atStart, legend, 12, name)
		drawSign(&d, name, legend-9, 8)
		legend -= 30
	}
	for i, l := range rows {
		y := top + rowHeight*(float64(i)+0.5)
		d.text(inkText, atEnd, left-10, y+4, fitted(shown(l.name()), left-14))
		at := func(ns int64) float64 {
			if ns < 0 { // among the lost: beyond the axis
				return x.b + 14
			}
			return x.at(float64(ns))
		}
		d.line(inkPlumLine, at(l.P50), y, at(l.Max), y)
		for i, v := range l.percentiles() {
			drawSign(&d, percentileNames[i], at(v), y)
		}
		d.text(inkSoft, atStart, at(l.Max)+8, y+4, ended(l.Max, lostMessage))
	}
	d.line(inkAxis, x.a, bottom, x.b, bottom)
	return d.close()
}

var percentileNames = [...]string{"p50", "p90", "p99", "p99.9", "max"}

// percentiles are the values of percentileNames; -1: among the lost.
func (l LatencyRow) percentiles() [len(percentileNames)]int64 {
	return [...]int64{l.P50, l.P90, l.P99, l.P999, l.Max}
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
