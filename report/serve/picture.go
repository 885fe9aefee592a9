package serve

import (
	"fmt"
	"html"
	"html/template"
	"strings"
	"time"

	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/report/live"
)

// Measures of the picture, in its own units: panels below each other on one time axis,
// which is the length of the plan.
const (
	wide     = 800
	names    = 20 // height of the row of phases
	panel    = 70
	gap      = 22 // above each panel, for its title
	mostText = 40 // characters of a name
)

// picture draws the history: usable clients, dials and answers, under the phases, with a
// band where a fault is in force. It holds numbers and escaped names, nothing else.
func picture(s live.State) template.HTML {
	if s.Total() <= 0 || s.History.Part <= 0 {
		return ""
	}
	p := pen{s: s}
	panels := []struct {
		title, class string
		top          float64
		values       func(i int) float64
	}{
		{"Usable clients", "usable", float64(s.Clients), func(i int) float64 { return float64(s.History.Usable[i]) }},
		{"Dials per second", "dials", 0, func(i int) float64 { return p.rate(s.History.Attempts[i], i) }},
		{"Answers per second", "answers", s.Rate, func(i int) float64 { return p.rate(s.History.Answers[i], i) }},
	}
	if s.Rate <= 0 {
		panels = panels[:2]
	}
	height := names + len(panels)*(gap+panel)
	fmt.Fprintf(&p, `<svg viewBox="0 0 %d %d" role="img" aria-label="Usable clients, dials and answers over the length of the plan">`, wide, height+2)
	p.phases(height)
	p.faults(height)
	for i, each := range panels {
		p.panel(names+i*(gap+panel)+gap, each.title, each.class, each.top, each.values)
	}
	now := p.x(s.Now)
	fmt.Fprintf(&p, `<path class="now" d="M%.1f %dV%d"/></svg>`, now, names, height)
	return template.HTML(p.String()) // numbers of ours and names that are escaped
}

type pen struct {
	strings.Builder
	s live.State
}

func (p *pen) x(at time.Duration) float64 {
	return wide * min(1, max(0, at.Seconds()/p.s.Total().Seconds()))
}

func (p *pen) rate(n, part int) float64 {
	return float64(n) / max(p.s.History.Covered[part].Seconds(), 1e-9)
}

func (p *pen) phases(height int) {
	for _, ph := range p.s.Phases[:min(len(p.s.Phases), mostFaults)] {
		x, room := p.x(ph.From), p.x(ph.To)-p.x(ph.From)
		fmt.Fprintf(p, `<path class="phase" d="M%.1f 0V%d"/>`, x, height)
		if name := (report.Style{Unicode: true}).Cut(clean(ph.Name), min(mostText, int(room/8))); name != "" {
			fmt.Fprintf(p, `<text class="name" x="%.1f" y="13">%s</text>`, x+4, html.EscapeString(name))
		}
	}
}

// faults are bands from the command to the end, darker from where they are confirmed.
func (p *pen) faults(height int) {
	for _, f := range p.s.Faults[:min(len(p.s.Faults), mostFaults)] {
		if f.Commanded == 0 {
			continue
		}
		until := p.s.Now
		if f.Cleared != 0 {
			until = f.Cleared
		}
		p.band(f.Commanded, until, height)
		if f.Confirmed != 0 {
			p.band(f.Confirmed, until, height)
		}
	}
}

func (p *pen) band(from, to time.Duration, height int) {
	fmt.Fprintf(p, `<rect class="fault" x="%.1f" y="%d" width="%.1f" height="%d"/>`, p.x(from), names, max(2, p.x(to)-p.x(from)), height-names)
}

// panel draws the parts of the history that have a sample as steps, scaled to top, or to
// the highest value that is above it.
func (p *pen) panel(y int, title, class string, top float64, value func(i int) float64) {
	parts := len(p.s.History.Covered)
	for i := range parts {
		if p.s.History.Covered[i] > 0 {
			top = max(top, value(i))
		}
	}
	fmt.Fprintf(p, `<text x="4" y="%d">%s</text><text class="top" x="%d" y="%d">%s</text>`, y-6, title, wide-4, y-6, report.FormatNumber(float64(int64(top+0.5))))
	base := float64(y + panel)
	var d strings.Builder
	fmt.Fprintf(&d, "M0 %.1f", base)
	at := base // the height that the line is at
	for i := range parts {
		if p.s.History.Covered[i] <= 0 || top <= 0 {
			continue
		}
		if h := base - panel*value(i)/top; h != at {
			fmt.Fprintf(&d, "H%.1fV%.1f", float64(i)*wide/float64(parts), h)
			at = h
		}
	}
	fmt.Fprintf(&d, "H%.1fV%.1fZ", p.x(p.s.Now), base)
	fmt.Fprintf(p, `<path class="%s" d="%s"/><path class="base" d="M0 %.1fH%d"/>`, class, d.String(), base, wide)
}
