package league

import (
	"fmt"
	"math"
	"strings"

	"github.com/wsheal/wsheal/report"
)

// A plot in text is that large, without its axes.
const (
	plotWidth  = 64
	plotHeight = 14
)

// scale is what a plot of standings shows: sigma on a logarithmic axis, t99 on a linear one.
type scale struct {
	least, most float64 // sigma
	longest     float64 // s
}

// scale of the rows that have both; ok is false where there is no capacity to hold them
// against.
func (s Standings) scale() (x scale, ok bool) {
	floor := float64(s.Floor)
	if math.IsNaN(floor) || floor <= 0 {
		return x, false
	}
	x = scale{least: 0.5, most: 2, longest: 2 * floor}
	for _, r := range s.Rows {
		if !r.Sigma.finite() || r.Sigma.Mid <= 0 {
			continue
		}
		x.least, x.most = min(x.least, float64(r.Sigma.Mid)/1.1), max(x.most, float64(r.Sigma.Mid)*1.1)
		if r.T99.finite() {
			x.longest = max(x.longest, 1.05*float64(r.T99.Mid))
		}
	}
	return x, true
}

// right is where a sigma lies, from 0 to 1.
func (x scale) right(sigma float64) float64 {
	return math.Log(sigma/x.least) / math.Log(x.most/x.least)
}

// sigma is the inverse of right.
func (x scale) sigma(right float64) float64 {
	return x.least * math.Pow(x.most/x.least, right)
}

// plot draws t99 over sigma, a letter for each row, with the frontier. Those that did not
// recover stand on the line above.
func (s Standings) plot() []string {
	x, ok := s.scale()
	if !ok {
		return nil
	}
	floor := float64(s.Floor)
	grid := make([][]rune, plotHeight+1) // the first line: not recovered
	for i := range grid {
		grid[i] = []rune(strings.Repeat(" ", plotWidth))
	}
	line := func(t float64) int { // from the top
		return 1 + int(math.Round((1-t/x.longest)*float64(plotHeight-1)))
	}
	for column := range plotWidth {
		if t := frontier(floor, x.sigma((float64(column)+0.5)/plotWidth)); t <= x.longest {
			grid[line(t)][column] = '·'
		}
	}
	for _, marked := range []bool{true, false} { // the front is not hidden by others
		for i, r := range s.Rows {
			if r.Front != marked || !r.Sigma.finite() || r.Sigma.Mid <= 0 || !r.T99.known() {
				continue
			}
			column := min(int(x.right(float64(r.Sigma.Mid))*plotWidth), plotWidth-1)
			at := 0
			if r.T99.finite() {
				at = line(float64(r.T99.Mid))
			}
			for column < plotWidth-1 && grid[at][column] != ' ' && grid[at][column] != '·' {
				column++ // beside the one that is there
			}
			grid[at][column] = rune(letter(i)[0])
		}
	}
	out := []string{"t99"}
	for i, row := range grid {
		label := ""
		switch i {
		case 0:
			label = "never"
		case 1:
			label = report.FormatValue(x.longest, "s")
		case line(floor):
			label = "F " + report.FormatValue(floor, "s")
		case plotHeight:
			label = "0 s"
		}
		out = append(out, strings.TrimRight(fmt.Sprintf("%10s │%s", label, string(row)), " "))
	}
	axis := []rune(strings.Repeat("─", plotWidth))
	marks := []rune(strings.Repeat(" ", plotWidth+8))
	for _, v := range []float64{0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100} {
		if at := x.right(v); at >= 0 && at < 1 {
			column := int(at * plotWidth)
			axis[column] = '┴'
			copy(marks[column:], []rune(report.FormatNumber(v)))
		}
	}
	return append(out, fmt.Sprintf("%10s └%s", "", string(axis)), strings.TrimRight(fmt.Sprintf("%10s  %s", "", string(marks)), " "),
		fmt.Sprintf("%10s  peak/mu: attempts in the worst second, over the handshakes that the server completes in one", ""))
}
