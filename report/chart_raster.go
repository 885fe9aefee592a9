package report

import (
	"fmt"
	"strings"
)

// The marks of a raster: what healed is a dot, what failed while the fault was in force a
// cross, what failed after it an upright bar.
const (
	inkHopeless   ink = `class="c-red" stroke="#D55E00" stroke-width="1.3" fill="none"`
	inkCollateral ink = `class="c-plum" stroke="#a3487b" stroke-width="1.8" fill="none"`
	inkOpen       ink = `class="c-axis" stroke="#57606a" stroke-width="1.2" fill="none"`
)

// rasterMarks are the letters of Raster.Outcome in the order of the legend.
var rasterMarks = [...]struct {
	letter byte
	name   string
}{{'h', "healed"}, {'n', "failed, hopeless"}, {'c', "failed, collateral"}, {'o', "open at the end"}}

// stormRaster draws every attempt of some clients, a row per client. It is "" when there
// was none.
func stormRaster(s *Summary) string {
	r := s.Raster
	if r.empty() {
		return ""
	}
	from, to := s.stormSpan()
	const top, height = 34.0, 200.0
	const bottom = top + height
	x := axis{lo: float64(from), hi: float64(to), a: chartLeft, b: chartWidth - chartRight}
	y := axis{lo: 0, hi: float64(max(s.Run.Clients-1, 1)), a: top + 3, b: bottom - 3}

	var d drawing
	d.open("storm-raster", "Attempts, client by client", rasterWords(s), chartWidth, bottom+42)
	title := "Attempts, a row per client"
	if r.Every > 1 {
		title = "Attempts of every " + ordinal(r.Every) + " client, a row per client"
	}
	d.text(inkTitle, atStart, x.a, 12, title)
	rasterLegend(&d, x.b, r.Outcome)
	d.text(inkSoft, atEnd, x.a-7, y.a+8, "0")
	d.text(inkSoft, atEnd, x.a-7, y.b+2, FormatCount(int64(max(s.Run.Clients-1, 0))))
	for _, f := range s.Faults[:min(len(s.Faults), faultsDrawn)] {
		if f.Commanded == 0 {
			continue
		}
		a := x.at(float64(f.Commanded))
		d.rect(inkBand, a, top, max(x.at(float64(f.until(s.Duration)))-a, 1.5), height)
		drawEdges(&d, f, x, top, bottom)
	}
	var healed, hopeless, collateral, open pen
	for i, t := range r.T {
		px, py := x.at(float64(t)), y.at(float64(r.Client[i]))
		switch r.Outcome[i] {
		case 'h':
			healed.bar(px-1.2, py-1.2, 2.4, 2.4)
		case 'n':
			hopeless.move(px-2.2, py-2.2)
			hopeless.to(px+2.2, py+2.2)
			hopeless.move(px-2.2, py+2.2)
			hopeless.to(px+2.2, py-2.2)
		case 'c':
			collateral.move(px, py-3)
			collateral.to(px, py+3)
		default:
			open.bar(px-1.5, py-1.5, 3, 3)
		}
	}
	d.path(inkBlue, healed)
	d.path(inkHopeless, hopeless)
	d.path(inkCollateral, collateral)
	d.path(inkOpen, open)
	d.line(inkAxis, x.a, bottom, x.b, bottom)
	for _, t := range timeTicks(to-from, 12) {
		at := x.at(float64(from + t))
		d.line(inkAxis, at, bottom, at, bottom+5)
		d.text(inkSoft, atMiddle, at, bottom+18, timeLabel(t, to-from))
	}
	d.text(inkSoft, atEnd, x.b, bottom+36, "since the first fault's command")
	return d.close()
}

// empty says that there is nothing to draw.
func (r *Raster) empty() bool {
	return r == nil || len(r.T) == 0 || len(r.Client) != len(r.T) || len(r.Outcome) != len(r.T)
}

// stormSpan is from when to when the storm is drawn: from the first command to a little
// after the last attempt.
func (s *Summary) stormSpan() (from, to int64) {
	from = s.Raster.T[0]
	for _, f := range s.Faults {
		if f.Commanded != 0 {
			from = min(from, f.Commanded)
		}
	}
	to = s.Raster.T[len(s.Raster.T)-1]
	for _, f := range s.Faults {
		if f.Commanded != 0 {
			to = max(to, min(f.until(s.Duration), s.Duration))
		}
	}
	to = max(to, from+1e6)
	return from, to + (to-from)/25
}

// ordinal is "2nd", "4th"; a raster halves its clients, so there are no others.
func ordinal(n int) string {
	text := FormatCount(int64(n))
	if strings.HasSuffix(text, "2") && !strings.HasSuffix(text, "12") {
		return text + "nd"
	}
	return text + "th"
}

func rasterLegend(d *drawing, right float64, outcomes string) {
	for i := len(rasterMarks) - 1; i >= 0; i-- {
		m := rasterMarks[i]
		n := strings.Count(outcomes, string(m.letter))
		if n == 0 {
			continue
		}
		text := m.name + " " + FormatCount(int64(n))
		right -= textWidth(text)
		d.text(inkSoft, atStart, right, 12, text)
		switch m.letter {
		case 'h':
			d.rect(inkBlue, right-12, 5, 6, 6)
		case 'n':
			drawCross(d, inkHopeless, right-9, 8)
		case 'c':
			d.line(inkCollateral, right-9, 3, right-9, 13)
		default:
			d.rect(inkOpen, right-12, 5, 6, 6)
		}
		right -= 26
	}
}

func rasterWords(s *Summary) string {
	words := fmt.Sprintf("%s attempts.", FormatCount(int64(len(s.Raster.T))))
	for _, m := range rasterMarks {
		if n := strings.Count(s.Raster.Outcome, string(m.letter)); n > 0 {
			words += " " + capital(m.name) + ": " + FormatCount(int64(n)) + "."
		}
	}
	return words + fmt.Sprintf(" Synchronisation index %s, where 0 is spread and 1 lock-step. The table below the chart has the figures.", FormatNumber(round(s.Storm.Sync, 3)))
}

// rasterTable is the raster as a table: attempts by when they began.
func rasterTable(s *Summary) htmlTable {
	table := htmlTable{Caption: "The attempts as a table", Head: heads(">Since the command", ">Attempts")}
	r := s.Raster
	if r.empty() {
		return table
	}
	if r.Every > 1 {
		table.Caption = "The attempts of every " + ordinal(r.Every) + " client as a table"
	}
	for _, m := range rasterMarks {
		table.Head = append(table.Head, number(capital(m.name)))
	}
	from, to := s.stormSpan()
	step := int64(100e6)
	for (to-from)/step >= timelineRows {
		step *= 2
	}
	for i := 0; i < len(r.T); {
		at := (r.T[i] - from) / step
		var n [256]int64
		first := i
		for ; i < len(r.T) && (r.T[i]-from)/step == at; i++ {
			n[r.Outcome[i]]++
		}
		row := []htmlCell{lasted(at * step), counted(int64(i - first))}
		for _, m := range rasterMarks {
			row = append(row, counted(n[m.letter]))
		}
		table.Rows = append(table.Rows, row)
	}
	return table
}
