package report

import (
	"math"
	"slices"
	"strings"
)

// panel is one series with its own upright axis on the shared time axis.
type panel struct {
	title  string
	legend []key
	y      axis // a and b are set when it is drawn
	ticks  []float64
	label  func(float64) string
	plot   func(d *drawing, x, y axis)
}

// key is one entry of a legend.
type key struct {
	ink    ink
	hatch  bool
	line   bool
	legend string
}

func (p panel) draw(d *drawing, x axis, top float64) {
	p.y.a, p.y.b = top+panelHeight, top
	for _, t := range p.ticks {
		y := p.y.at(t)
		if t != p.ticks[0] {
			d.line(inkGrid, x.a, y, x.b, y)
		}
		d.text(inkSoft, atEnd, x.a-7, y+4, p.label(t))
	}
	d.text(inkTitle, atStart, x.a, top-9, p.title)
	right := x.b
	for _, k := range slices.Backward(p.legend) {
		right -= textWidth(k.legend)
		d.text(inkSoft, atStart, right, top-9, k.legend)
		switch {
		case k.line:
			d.line(k.ink, right-24, top-13, right-5, top-13)
			right -= 38
		default:
			d.rect(k.ink, right-15, top-18, 10, 10)
			if k.hatch {
				d.put(`<rect fill="url(#hatch)" x="`, num(right-15), `" y="`, num(top-18), `" width="10" height="10"/>`)
			}
			right -= 28
		}
	}
	p.plot(d, x, p.y)
	d.line(inkAxis, x.a, p.y.a, x.b, p.y.a)
}

func usablePanel(s *Summary) panel {
	hi := float64(max(s.Run.Clients, slices.Max(s.Timeline.Usable), 1))
	p := panel{
		title: "Usable clients",
		y:     axis{hi: hi * 1.06}, ticks: linearTicks(hi, 4, 1), label: countLabel,
	}
	if s.Recovery.Baseline > 0 {
		p.legend = []key{{ink: inkReference, line: true, legend: "baseline " + FormatNumber(s.Recovery.Baseline)}}
	}
	k := perColumn(len(s.Timeline.Usable), columnsMost)
	p.plot = func(d *drawing, x, y axis) {
		var line, area pen
		area.move(x.a, y.a)
		line.move(x.a, y.at(0))
		last := x.a
		for i := 0; i < len(s.Timeline.Usable); i += k {
			part := s.Timeline.Usable[i:min(i+k, len(s.Timeline.Usable))]
			at := x.at(float64(min(int64(i+len(part))*s.Timeline.Step, s.Duration)))
			vs := []int{part[len(part)-1]}
			if k > 1 { // both extremes, so that no dip is lost
				vs = []int{slices.Min(part), slices.Max(part), part[len(part)-1]}
			}
			for _, v := range vs {
				line.to(at, y.at(float64(v)))
				area.to(at, y.at(float64(v)))
			}
			last = at
		}
		area.to(last, y.a)
		d.path(inkBlueArea, area)
		if s.Recovery.Baseline > 0 {
			d.line(inkReference, x.a, y.at(s.Recovery.Baseline), x.b, y.at(s.Recovery.Baseline))
		}
		d.path(inkBlueLine, line)
		drawMarks(d, s, x, y)
	}
	return p
}

// drawMarks puts each fault's t50, t90, t99 and t100 on the line of usable clients; a
// label that would lie on another is left out.
func drawMarks(d *drawing, s *Summary, x, y axis) {
	if s.Recovery.Lost == 0 {
		return
	}
	type box struct{ x0, x1, y float64 }
	var taken []box
	for _, f := range s.Faults[:min(len(s.Faults), faultsDrawn)] {
		if f.Fleet.Zero == 0 {
			continue
		}
		levels := f.Fleet.levels()
		for _, m := range []mark{levels[2], levels[0], levels[1], levels[3]} { // t99 is the first to get a label
			if m.after <= 0 { // not reached, or never left
				continue
			}
			px, py := x.at(float64(f.Fleet.Zero+m.after)), y.at(m.share*s.Recovery.Baseline)
			d.dot(inkBlue, px, py, 3.2)
			text := m.name + " " + FormatDuration(m.after)
			b := box{px + 7, px + 7 + textWidth(text), py + 15}
			if b.x1 > x.b || slices.ContainsFunc(taken, func(o box) bool { return b.x0 < o.x1 && o.x0 < b.x1 && math.Abs(b.y-o.y) < 13 }) {
				continue
			}
			taken = append(taken, b)
			d.text(inkSoft, atStart, b.x0, b.y, text)
		}
	}
}

func attemptsPanel(s *Summary) panel {
	k := perColumn(len(s.Timeline.Attempts), columnsMost/2)
	var all, failed []float64
	for i := 0; i < len(s.Timeline.Attempts); i += k {
		to := min(i+k, len(s.Timeline.Attempts))
		all = append(all, sumOf(s.Timeline.Attempts[i:to]))
		failed = append(failed, sumOf(s.Timeline.Failed[min(i, len(s.Timeline.Failed)):min(to, len(s.Timeline.Failed))]))
	}
	hi := 1.0
	for _, v := range all {
		hi = max(hi, v)
	}
	step := s.Timeline.Step * int64(k)
	return panel{
		title:  "Connection attempts per " + FormatDuration(step),
		legend: []key{{ink: inkBlue, legend: "succeeded"}, {ink: inkRed, hatch: true, legend: "failed"}},
		y:      axis{hi: hi * 1.06}, ticks: linearTicks(hi, 4, 1), label: countLabel,
		plot: func(d *drawing, x, y axis) {
			var good, bad pen
			for i := range all {
				if all[i] == 0 {
					continue
				}
				a, b := x.at(float64(int64(i)*step)), x.at(float64(int64(i+1)*step))
				width := max(b-a-0.6, 1)
				split := y.at(min(failed[i], all[i]))
				if failed[i] > 0 {
					bad.bar(a, split, width, y.a-split)
				}
				if failed[i] < all[i] {
					good.bar(a, y.at(all[i]), width, split-y.at(all[i]))
				}
			}
			d.path(inkBlue, good)
			d.path(inkRed, bad)
			d.path(`fill="url(#hatch)"`, bad)
		},
	}
}

func answersPanel(s *Summary) panel {
	hi := max(s.Run.Rate, slices.Max(s.Timeline.Acked), 1)
	title := "Answers per second"
	if s.Run.Pattern == Push {
		title = "Messages per second, from the targets"
	}
	p := panel{title: title, y: axis{hi: hi * 1.06}, ticks: linearTicks(hi, 4, 0), label: countLabel}
	if s.Run.Rate > 0 {
		p.legend = []key{{ink: inkReference, line: true, legend: "intended " + FormatRate(s.Run.Rate)}}
	}
	p.plot = func(d *drawing, x, y axis) {
		var line, area pen
		eachStep(s.Timeline.AckedStep, s.Duration, len(s.Timeline.Acked), func(i int, from, to int64) {
			a, b, v := x.at(float64(from)), x.at(float64(to)), y.at(s.Timeline.Acked[i])
			if i == 0 {
				area.move(a, y.a)
				line.move(a, v)
			}
			line.to(a, v)
			line.to(b, v)
			area.to(a, v)
			area.to(b, v)
			if i == len(s.Timeline.Acked)-1 {
				area.to(b, y.a)
			}
		})
		d.path(inkGreenArea, area)
		if s.Run.Rate > 0 {
			d.line(inkReference, x.a, y.at(s.Run.Rate), x.b, y.at(s.Run.Rate))
		}
		d.path(inkGreenLine, line)
	}
	return p
}

func p99Panel(s *Summary) panel {
	lo, hi := math.Inf(1), 0.0
	for _, v := range s.Timeline.P99 {
		if v > 0 {
			lo, hi = min(lo, float64(v)), max(hi, float64(v))
		}
	}
	if hi == 0 {
		lo, hi = 1e6, 1e6
	}
	lo, hi = decadeBelow(lo), decadeAbove(hi)
	if hi <= lo {
		hi = lo * 10
	}
	var ticks []float64
	for t := lo; t <= hi*1.001; t *= 10 {
		ticks = append(ticks, t)
	}
	for len(ticks) > 5 { // every other decade
		for i := range len(ticks) / 2 {
			ticks[i+1] = ticks[min(2*i+2, len(ticks)-1)]
		}
		ticks = slices.Compact(ticks[:len(ticks)/2+1])
	}
	return panel{
		title: "Response time, p99 (log scale)",
		y:     axis{lo: lo, hi: hi, log: true}, ticks: ticks,
		label: func(v float64) string { return FormatDuration(int64(math.Round(v))) },
		plot: func(d *drawing, x, y axis) {
			var line pen
			gap := true
			eachStep(s.Timeline.AckedStep, s.Duration, len(s.Timeline.P99), func(i int, from, to int64) {
				v := s.Timeline.P99[i]
				if v < 0 {
					gap = true
					return
				}
				a, b, at := x.at(float64(from)), x.at(float64(to)), y.at(float64(v))
				if gap {
					line.move(a, at)
				} else {
					line.to(a, at)
				}
				line.to(b, at)
				gap = false
			})
			d.path(inkPlumLine, line)
		},
	}
}

// eachStep calls f for each of n intervals that begins before the end.
func eachStep(step, end int64, n int, f func(i int, from, to int64)) {
	for i := range n {
		from := int64(i) * step
		if from >= end {
			return
		}
		f(i, from, min(from+step, end))
	}
}

func sumOf(vs []int) float64 {
	n := 0
	for _, v := range vs {
		n += v
	}
	return float64(n)
}

func countLabel(v float64) string {
	switch {
	case v >= 1e6:
		return strings.TrimSuffix(FormatNumber(math.Round(v/1e4)/100), " ") + " M"
	case v >= 1e5:
		return FormatNumber(v/1e3) + " k"
	}
	return FormatNumber(v)
}
