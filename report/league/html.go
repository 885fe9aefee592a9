package league

import (
	"io"
	"math"
	"strings"

	"github.com/wsheal/wsheal/report"
)

// WriteHTML writes the table as a page that stands alone: no request, its own content
// security policy, no script.
func (t *Table) WriteHTML(w io.Writer) error {
	sheet := report.Sheet{
		Verdict: t.Verdict, Name: "trial", Sentence: strings.SplitN(t.headline(), " ", 3)[2], Reasons: t.Reasons, Command: t.Plan.Command,
		Facts:  [][2]string{{"Host", t.Host}},
		Footer: "Written by wsheal " + t.Version + " from the runs of the trial's directory; wsheal report DIR writes it again.",
	}
	legend := t.legend()
	sheet.About = strings.Join(legend[:2], " ")
	for _, s := range t.Scenarios {
		part := report.SheetPart{Title: s.Scenario, Note: s.words() + " " + strings.Join(legend[3:], " "), Head: columns, Caption: "The soonest back stand first; " + legend[2]}
		for i, r := range s.Rows {
			part.Rows = append(part.Rows, r.cells(letter(i)))
		}
		if x, ok := s.scale(); ok {
			part.Scatter = s.scatter(x)
		}
		sheet.Parts = append(sheet.Parts, part)
	}
	if len(t.Judged) > 0 {
		part := report.SheetPart{Title: "Gates", Caption: "Gates, scenario by scenario", Head: []string{"", "gate", "scenario", "verdict", "why"}}
		for _, j := range t.Judged {
			part.Rows = append(part.Rows, []string{"", j.Gate.String(), j.Scenario, string(j.Verdict), j.Why})
		}
		sheet.Parts = append(sheet.Parts, part)
	}
	return report.WriteSheet(w, sheet)
}

// frontierPoints are the points by which the frontier is drawn.
const frontierPoints = 60

func (s Standings) scatter(x scale) *report.Scatter {
	floor := float64(s.Floor)
	p := &report.Scatter{
		Title: "Recovery (t99) over the storm's peak: low and left is better", XLow: x.least, XHigh: x.most, YHigh: x.longest,
		XName: "peak/mu: attempts in the worst second, over the handshakes that the server completes in one",
		Line:  "T = F·max(1, mu/peak): no policy can be below",
	}
	for i := range frontierPoints + 1 {
		sigma := x.sigma(float64(i) / frontierPoints)
		p.Frontier = append(p.Frontier, [2]float64{sigma, frontier(floor, sigma)})
	}
	for i, r := range s.Rows {
		if !r.Sigma.finite() || r.Sigma.Mid <= 0 || !r.T99.known() {
			continue
		}
		y := float64(r.T99.Mid)
		if math.IsInf(y, 1) {
			y = -1
		}
		p.Dots = append(p.Dots, report.ScatterDot{X: float64(r.Sigma.Mid), Y: y, Name: letter(i) + " " + r.Policy, Marked: r.Front})
	}
	return p
}
