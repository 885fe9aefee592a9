package export

import (
	"strings"

	"github.com/wsheal/wsheal/report"
)

// gateValue is what a gate found, or that it found nothing.
func gateValue(g report.GateResult) string {
	switch {
	case g.Verdict != string(report.Pass) && g.Verdict != string(report.Fail):
		return g.Verdict
	case g.Unbounded:
		return "unbounded"
	}
	return report.FormatValue(g.Value, g.Unit)
}

// gateWhy is what the value alone does not say: the reason, and between which bounds the
// value lies, where they are known.
func gateWhy(g report.GateResult) string {
	var parts []string
	if g.Why != "" && g.Why != "it was "+gateValue(g) {
		parts = append(parts, g.Why)
	}
	bounds := ""
	if g.Low != nil {
		bounds += " from " + report.FormatValue(*g.Low, g.Unit)
	}
	if g.High != nil {
		bounds += " to " + report.FormatValue(*g.High, g.Unit)
	}
	if bounds != "" {
		parts = append(parts, "95 %"+bounds)
	}
	return strings.Join(parts, "; ")
}

// judged is a gate's judgement in words.
func judged(g report.GateResult) string {
	out := g.Verdict
	if g.Why != "" {
		out += ": " + g.Why
	}
	if why := gateWhy(g); why != "" && why != g.Why {
		out += "; " + strings.TrimPrefix(why, g.Why+"; ")
	}
	return visible(out)
}
