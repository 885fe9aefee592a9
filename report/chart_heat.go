package report

import (
	"fmt"
	"math"
)

// heatInks are the shades of a heat map, from few answers to many. What the shade says,
// the table beside it says too.
var heatInks = [...]ink{
	`class="c-heat1" fill="#f3dcea"`,
	`class="c-heat2" fill="#dfaecb"`,
	`class="c-heat3" fill="#c77fad"`,
	`class="c-heat4" fill="#a3487b"`,
	`class="c-heat5" fill="#732a55"`,
	`class="c-heat6" fill="#3f0f2c"`,
}

// heatShade is the shade of a count, on a log scale up to the most: a few slow answers
// must be seen beside thousands of fast ones.
func heatShade(n, most int64) int {
	if most <= 1 {
		return len(heatInks) - 1
	}
	return min(len(heatInks)-1, int(math.Log(float64(n))/math.Log(float64(most)+1)*float64(len(heatInks))))
}

// heatMap draws when answers came and how long they took, on the timeline's axis.
func heatMap(s *Summary, id string, h Heat) string {
	rows, most := 0, int64(0)
	for _, column := range h.Counts {
		rows = max(rows, len(column))
		for _, n := range column {
			most = max(most, n)
		}
	}
	span := s.span()
	if most == 0 || span <= 0 {
		return ""
	}
	const top = 34.0
	height := min(14*float64(rows), 260)
	height = max(height, 110)
	bottom := top + height
	x := axis{lo: 0, hi: float64(span), a: chartLeft, b: chartWidth - chartRight}
	y := axis{lo: float64(heatEdge(h.Low)), hi: float64(heatEdge(h.Low + rows)), a: bottom, b: top, log: true}
	if y.hi <= y.lo {
		y.hi = float64(ceiling)
	}

	var d drawing
	d.open(id, "Latency heat map, "+h.Kind, heatWords(h, most), chartWidth, bottom+26)
	d.text(inkTitle, atStart, x.a, 12, fitted(shown(capital(h.Kind))+" time of the answers, by when they came", 560))
	heatLegend(&d, x.b, most)
	for t := decadeBelow(y.lo); t <= y.hi*1.001; t *= 10 {
		if t < y.lo*0.999 {
			continue
		}
		d.line(inkGrid, x.a, y.at(t), x.b, y.at(t))
		d.text(inkSoft, atEnd, x.a-7, y.at(t)+4, FormatDuration(nanoseconds(t)))
	}
	var shades [len(heatInks)]pen
	for c, column := range h.Counts {
		from := x.at(float64(int64(c) * h.Step))
		to := x.at(float64(min(int64(c+1)*h.Step, s.Duration)))
		for r, n := range column {
			if n > 0 {
				upper, lower := y.at(float64(heatEdge(h.Low+r+1))), y.at(float64(heatEdge(h.Low+r)))
				shades[heatShade(n, most)].bar(from, upper, max(to-from-0.4, 0.8), lower-upper-0.4)
			}
		}
	}
	for i := range shades {
		d.path(heatInks[i], shades[i])
	}
	for _, f := range s.Faults[:min(len(s.Faults), faultsDrawn)] {
		if f.Commanded != 0 {
			drawEdges(&d, f, x, top-6, bottom)
		}
	}
	drawTimeAxis(&d, x, span, bottom)
	return d.close()
}

// heatLegend shows the shades with the counts at which they begin and end.
func heatLegend(d *drawing, right float64, most int64) {
	most64 := FormatCount(most)
	d.text(inkSoft, atEnd, right, 12, most64)
	right -= textWidth(most64) + 6
	for i := len(heatInks) - 1; i >= 0; i-- {
		right -= 16
		d.rect(heatInks[i], right, 2, 15, 12)
	}
	d.text(inkSoft, atEnd, right-6, 12, "answers: 1")
}

func heatWords(h Heat, most int64) string {
	var n int64
	slow, at, when := int64(0), 0, 0
	for c, column := range h.Counts {
		for r, k := range column {
			n += k
			if k > 0 && r >= at {
				slow, at, when = k, r, c
			}
		}
	}
	return fmt.Sprintf("%s answers. The slowest took %s or more: %s of them in the %s from %s on. At most %s in one field. The table below the chart has the figures.",
		FormatCount(n), FormatDuration(heatEdge(h.Low+at)), FormatCount(slow), FormatDuration(h.Step), FormatDuration(int64(when)*h.Step), FormatCount(most))
}

// heatTable is a heat map by decades, which is what can be read of one.
func heatTable(s *Summary, h Heat) htmlTable {
	table := htmlTable{Caption: capital(h.Kind) + " times as a table: answers by how long they took", Head: heads(">From", "Phase")}
	low, high := len(heatEdges), 0
	for _, column := range h.Counts {
		for r, n := range column {
			if n > 0 {
				low, high = min(low, (h.Low+r)/heatPerDecade), max(high, (h.Low+r)/heatPerDecade)
			}
		}
	}
	for decade := low; decade <= high; decade++ {
		table.Head = append(table.Head, number("under "+FormatDuration(lowest*int64(math.Pow10(decade+1)))))
	}
	k := perColumn(len(h.Counts), timelineRows)
	for c := 0; c < len(h.Counts); c += k {
		from := int64(c) * h.Step
		row := []htmlCell{lasted(from), words(s.phaseAt(from))}
		sums := make([]int64, high-low+1)
		for _, column := range h.Counts[c:min(c+k, len(h.Counts))] {
			for r, n := range column {
				if n > 0 {
					sums[(h.Low+r)/heatPerDecade-low] += n
				}
			}
		}
		for _, n := range sums {
			row = append(row, counted(n))
		}
		table.Rows = append(table.Rows, row)
	}
	return table
}
