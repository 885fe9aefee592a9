package report

import (
	"fmt"
	"math"
	"slices"
)

// strokes are the lines of a chart with several: each has its colour and its dashes.
var strokes = [...]ink{
	`class="c-line1" stroke="#0072B2" stroke-width="1.8" fill="none" stroke-linejoin="round"`,
	`class="c-line2" stroke="#D55E00" stroke-width="1.8" fill="none" stroke-linejoin="round" stroke-dasharray="7 3"`,
	`class="c-line3" stroke="#007a59" stroke-width="1.8" fill="none" stroke-linejoin="round" stroke-dasharray="2 3"`,
	`class="c-line4" stroke="#a3487b" stroke-width="1.8" fill="none" stroke-linejoin="round" stroke-dasharray="9 3 2 3"`,
	`class="c-line5" stroke="#8a6100" stroke-width="1.8" fill="none" stroke-linejoin="round" stroke-dasharray="4 2"`,
	`class="c-line6" stroke="#57606a" stroke-width="1.8" fill="none" stroke-linejoin="round" stroke-dasharray="1 2"`,
}

// percentileRows are the rows that the percentile plot shows: each phase, and of chaos the
// clients that no fault touched.
func percentileRows(s *Summary) []LatencyRow {
	var rows []LatencyRow
	for _, l := range s.Latency {
		if l.Kind != "response" || len(l.Curve) < 2 || l.Phase == "all" || l.Phase == warmup {
			continue
		}
		if l.Cohort == "all" || l.Cohort == "control" && l.Phase == "chaos" {
			rows = append(rows, l)
		}
	}
	return rows[:min(len(rows), len(strokes))]
}

// nines maps a share onto the axis of a percentile plot: -log10 of what is beyond it.
func nines(share float64) float64 { return -math.Log10(max(1-share, 1e-9)) }

// percentilePlot draws how long the share of the messages that is on the axis took at most.
// A line ends with the longest answer; that of a phase in which messages were lost ends
// where they begin, with a cross.
func percentilePlot(s *Summary) string {
	rows := percentileRows(s)
	if len(rows) == 0 {
		return ""
	}
	lo, hi, far := math.Inf(1), 0.0, nines(0.9)
	for _, l := range rows {
		for _, p := range l.Curve {
			if p.T > 0 {
				lo = min(lo, float64(p.T))
			}
			hi = max(hi, float64(p.T))
		}
		far = max(far, nines(l.beforeLast()))
	}
	if hi == 0 {
		return ""
	}
	lo, hi = decadeBelow(lo), decadeAbove(max(hi, lo*10))
	const top, bottom, height = 40.0, 270.0, 312.0
	x := axis{lo: 0, hi: far * 1.03, a: chartLeft, b: chartWidth - chartRight - 10}
	y := axis{lo: lo, hi: hi, a: bottom, b: top, log: true}

	words := ""
	for _, l := range rows {
		words += fmt.Sprintf("%s: median %s, p99 %s, p99.9 %s, longest %s. ", l.name(), ended(l.P50, lostMessage), ended(l.P99, lostMessage), ended(l.P999, lostMessage), ended(l.Max, lostMessage))
	}
	var d drawing
	d.open("percentiles", "Response time by percentile", words, chartWidth, height)
	d.text(inkTitle, atStart, x.a, 12, "Response time that a share of the messages stayed within")
	for t := lo; t <= hi*1.001; t *= 10 {
		d.line(inkGrid, x.a, y.at(t), x.b, y.at(t))
		d.text(inkSoft, atEnd, x.a-7, y.at(t)+4, FormatDuration(nanoseconds(t)))
	}
	for _, share := range []float64{0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999} {
		if nines(share) > x.hi {
			break
		}
		at := x.at(nines(share))
		d.line(inkGrid, at, top, at, bottom)
		d.line(inkAxis, at, bottom, at, bottom+5)
		d.text(inkSoft, atMiddle, at, bottom+18, FormatShare(share))
	}
	d.text(inkSoft, atEnd, x.b, height-6, "of the messages due, lost ones counted")
	left := x.a
	for i, l := range rows {
		if name := fitted(shown(l.name()), 220); left+30+textWidth(name) < x.b {
			d.line(strokes[i], left, 26, left+24, 26)
			d.text(inkSoft, atStart, left+30, 30, name)
			left += textWidth(name) + 54
		}
		var line pen
		for j, p := range l.Curve {
			at := nines(p.V)
			if j == len(l.Curve)-1 && l.Lost == 0 { // the longest: one of n, no share lies beyond it
				at = nines(1 - 1/float64(l.N+1))
			}
			if j == 0 {
				line.move(x.at(at), y.at(float64(p.T)))
				continue
			}
			line.to(x.at(at), y.at(float64(p.T)))
		}
		d.path(strokes[i], line)
		if l.Lost > 0 {
			p := l.Curve[len(l.Curve)-1]
			drawCross(&d, strokes[i], x.at(nines(p.V)), y.at(float64(p.T)))
		}
	}
	d.line(inkAxis, x.a, bottom, x.b, bottom)
	return d.close()
}

// beforeLast is the share at which the line of a row ends.
func (l LatencyRow) beforeLast() float64 {
	if l.Lost == 0 {
		return 1 - 1/float64(l.N+1)
	}
	return l.Curve[len(l.Curve)-1].V
}

func drawCross(d *drawing, k ink, x, y float64) {
	d.line(k, x-5, y-5, x+5, y+5)
	d.line(k, x-5, y+5, x+5, y-5)
}

// percentileTable is the plot as a table.
func percentileTable(s *Summary) htmlTable {
	rows := percentileRows(s)
	table := htmlTable{Caption: "Response times by percentile as a table", Head: heads("Share of the messages")}
	for _, l := range rows {
		table.Head = append(table.Head, number(shown(l.name())))
	}
	if len(rows) == 0 {
		return table
	}
	for _, share := range []float64{0.1, 0.3, 0.5, 0.7, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9995, 0.9999, 0.99999} {
		row := []htmlCell{words(FormatShare(share))}
		any := false
		for _, l := range rows {
			i := slices.IndexFunc(l.Curve, func(p Point) bool { return p.V >= share-1e-12 })
			if float64(l.N+l.Lost)*(1-share) < 1 { // fewer than one message lies beyond it
				row = append(row, number(""))
				continue
			}
			any = true
			if i < 0 {
				row = append(row, number(lostMessage))
				continue
			}
			row = append(row, lasted(l.Curve[i].T))
		}
		if any {
			table.Rows = append(table.Rows, row)
		}
	}
	longest := []htmlCell{words("the longest")}
	for _, l := range rows {
		longest = append(longest, answered(l.Max))
	}
	table.Rows = append(table.Rows, longest)
	return table
}
