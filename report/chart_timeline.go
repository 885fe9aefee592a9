package report

import (
	"fmt"
	"slices"
)

// The timeline's frame, in user units.
const (
	chartWidth  = 1000.0
	chartLeft   = 62.0
	chartRight  = 14.0
	laneHeight  = 19.0
	panelHeight = 100.0
	panelGap    = 40.0 // the next panel's title stands in it
	columnsMost = 600  // columns of a series; more steps than that are merged
	faultsDrawn = 200  // more faults than that are only in the table
)

// timeline draws the run on one time axis: the phases, the faults, and below them a
// panel per series. It is "" when there is nothing to draw.
func timeline(s *Summary) string {
	span := s.span()
	if span <= 0 || s.Timeline.Step <= 0 || len(s.Timeline.Usable) == 0 {
		return ""
	}
	x := axis{lo: 0, hi: float64(span), a: chartLeft, b: chartWidth - chartRight}
	labels, lanes := laneLabels(s, x)
	strip := 24.0 + laneHeight*float64(lanes)

	panels := []panel{usablePanel(s), attemptsPanel(s)}
	if s.hasLoad() {
		panels = append(panels, answersPanel(s))
		if s.Run.answers() {
			panels = append(panels, p99Panel(s))
		}
	}
	bottom := strip + (panelGap+panelHeight)*float64(len(panels))

	var d drawing
	d.open("timeline", "Timeline of the run", timelineWords(s), chartWidth, bottom+26)
	d.put(`<defs><pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path `, string(inkHatch), ` d="M0 0V5"/></pattern></defs>`)
	drawPhases(&d, s, x, bottom)
	drawTimeAxis(&d, x, span, bottom)
	drawFaultBands(&d, s, x, strip, bottom)
	for i, p := range panels {
		p.draw(&d, x, strip+panelGap+(panelGap+panelHeight)*float64(i))
	}
	drawLaneLabels(&d, labels)
	if s.Duration < span-span/200 {
		at := x.at(float64(s.Duration))
		d.line(inkEnd, at, strip, at, bottom)
		d.text(inkSoft, atStart, at+5, strip+panelGap+panelHeight-8, "the run ends here")
	}
	return d.close()
}

// span is the time that the axis shows: the run, or the plan where the run was cut off.
func (s *Summary) span() int64 {
	span := s.Duration
	for _, p := range s.Run.Plan {
		span = max(span, p.To)
	}
	return span
}

func (s *Summary) hasLoad() bool {
	return s.Timeline.AckedStep > 0 && len(s.Timeline.Acked) > 0 && (s.Run.Rate > 0 || slices.Max(s.Timeline.Acked) > 0)
}

func timelineWords(s *Summary) string {
	words := fmt.Sprintf("%s over %s.", Headline(s), FormatDuration(s.Duration))
	low := slices.Min(s.Timeline.Usable)
	words += fmt.Sprintf(" Usable clients: lowest %s, last %s of %s.", FormatCount(int64(low)), FormatCount(int64(s.Timeline.Usable[len(s.Timeline.Usable)-1])), FormatCount(int64(s.Run.Clients)))
	for _, f := range s.Faults[:min(len(s.Faults), 10)] {
		words += fmt.Sprintf(" Fault %s: %s.", shown(f.Name), f.when())
	}
	if more := len(s.Faults) - 10; more > 0 {
		words += fmt.Sprintf(" And %s more faults.", FormatCount(int64(more)))
	}
	if s.Sharing != nil {
		for _, x := range s.Sharing.Spans[:min(len(s.Sharing.Spans), 10)] {
			words += fmt.Sprintf(" Pool: %s %s.", x.title(), x.span(s.Duration))
		}
	}
	return words + " The table below the chart has the figures."
}

func drawPhases(d *drawing, s *Summary, x axis, bottom float64) {
	for i, p := range s.Run.Plan {
		a, b := x.at(float64(p.From)), x.at(float64(p.To))
		d.rect(inkPhase, a, 0, b-a, 20)
		if label := fitted(shown(p.Name), b-a-4); label != "" {
			d.text(inkSoft, atMiddle, (a+b)/2, 14, label)
		}
		if i > 0 {
			d.line(inkGrid, a, 20, a, bottom)
		}
	}
}

// drawFaultBands shades each fault from its command to its clearing, and draws its
// three edges: commanded dashed, confirmed solid, cleared dotted.
func drawFaultBands(d *drawing, s *Summary, x axis, top, bottom float64) {
	for _, f := range s.Faults[:min(len(s.Faults), faultsDrawn)] {
		if f.Commanded == 0 {
			continue
		}
		a := x.at(float64(f.Commanded))
		d.rect(inkBand, a, top, max(x.at(float64(f.until(s.Duration)))-a, 2.5), bottom-top)
		drawEdges(d, f, x, top, bottom)
	}
}

// drawEdges draws the edges of a fault that was commanded.
func drawEdges(d *drawing, f FaultResult, x axis, top, bottom float64) {
	d.line(inkCommand, x.at(float64(f.Commanded)), top, x.at(float64(f.Commanded)), bottom)
	if f.Confirmed != 0 {
		d.line(inkConfirm, x.at(float64(f.Confirmed)), top, x.at(float64(f.Confirmed)), bottom)
	}
	if f.Cleared != 0 {
		d.line(inkClear, x.at(float64(f.Cleared)), top, x.at(float64(f.Cleared)), bottom)
	}
}

// drawTimeAxis labels the time since the run's start.
func drawTimeAxis(d *drawing, x axis, span int64, bottom float64) {
	d.line(inkAxis, x.a, bottom, x.b, bottom)
	for _, t := range timeTicks(span, 12) {
		at := x.at(float64(t))
		d.line(inkAxis, at, bottom, at, bottom+5)
		d.text(inkSoft, atMiddle, at, bottom+18, timeLabel(t, span))
	}
}

// laneLabel is the name of a fault, or of what a pool decided, in the lanes above the
// panels.
type laneLabel struct {
	text     string
	at       anchor
	band     ink
	edge     ink // where it begins
	x, y     float64
	from, to float64 // the band
	from2    float64 // extent of band and text together
	to2      float64
}

// lanesMost is how many lanes of labels there are at most; what does not fit is only
// in the table.
const lanesMost = 6

// laneLabels places each label in the first lane where it touches no other: the faults,
// then what the clients of a pool decided.
func laneLabels(s *Summary, x axis) (labels []laneLabel, lanes int) {
	var ends [lanesMost]float64
	var all []laneLabel
	faults := slices.Clone(s.Faults[:min(len(s.Faults), faultsDrawn)])
	slices.SortStableFunc(faults, func(a, b FaultResult) int { return int(a.edge()/1e6) - int(b.edge()/1e6) })
	for _, f := range faults {
		l := laneLabel{text: f.Name + ": " + f.Kind + " " + FormatShare(f.Share) + ", " + f.State, band: inkBand, edge: inkConfirm, from: x.at(float64(f.edge()))}
		l.to = l.from
		if f.Commanded != 0 {
			l.to = max(x.at(float64(f.until(s.Duration))), l.from+2.5)
		}
		all = append(all, l)
	}
	if s.Sharing != nil {
		for _, span := range s.Sharing.Spans {
			l := laneLabel{text: span.title(), band: inkGreenArea, edge: inkGreenLine, from: x.at(float64(span.From))}
			l.to = max(x.at(float64(span.until(s.Duration))), l.from+2.5)
			all = append(all, l)
		}
	}
	for _, l := range all {
		l.text = fitted(shown(l.text), 320)
		l.at, l.x = atStart, l.to+6
		if l.x+textWidth(l.text) > x.b {
			l.at, l.x = atEnd, l.from-6
		}
		l.from2, l.to2 = l.from, l.x+textWidth(l.text)
		if l.at == atEnd {
			l.from2, l.to2 = l.x-textWidth(l.text), l.to
		}
		for lane := range ends {
			if l.from2 >= ends[lane] {
				ends[lane] = l.to2 + 12
				l.y = 24 + laneHeight*float64(lane)
				lanes = max(lanes, lane+1)
				labels = append(labels, l)
				break
			}
		}
	}
	return labels, lanes
}

// edge is when the fault was commanded, or was to be.
func (f FaultResult) edge() int64 {
	if f.Commanded != 0 {
		return f.Commanded
	}
	return f.At
}

func drawLaneLabels(d *drawing, labels []laneLabel) {
	for _, l := range labels {
		if l.to > l.from {
			d.rect(l.band, l.from, l.y+2, l.to-l.from, laneHeight-4)
			d.line(l.edge, l.from, l.y+2, l.from, l.y+laneHeight-2)
		} else {
			d.line(inkCommand, l.from, l.y+2, l.from, l.y+laneHeight-2)
		}
		d.text(inkText, l.at, l.x, l.y+laneHeight-6, l.text)
	}
}
