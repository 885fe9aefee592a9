package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// operators, the longer before those that they begin with.
var operators = []string{"<=", ">=", "==", "!=", "<", ">"}

// aborting is what ends a gate that is checked while the run goes on.
const aborting = " or abort"

// ParseGate reads "metric op limit", as in "recovery.t99 < 8s". The metric may be that of
// one fault or phase, as in recovery.t99@cut. The limit is a quantity in the metric's unit (a
// duration with its unit, a share as 40% or 0.4, a rate as 2000/s, a plain number for
// counts), a factor times another metric of that unit, or max(…) of those. With "or abort"
// behind it the gate ends the run as soon as it is broken. The error says what was expected,
// and names the nearest metric when the metric is unknown.
func ParseGate(text string) (Gate, error) {
	at := strings.IndexAny(text, "<>=!")
	if at < 0 {
		return Gate{}, gateError(text, "expected \"metric op quantity\" with op one of < <= > >= == !=, as in \"recovery.t99 < 8s\"")
	}
	g := Gate{Text: strings.TrimSpace(text)}
	name := strings.TrimSpace(text[:at])
	for _, op := range operators {
		if strings.HasPrefix(text[at:], op) {
			g.Op = op
			break
		}
	}
	if g.Op == "" {
		return Gate{}, gateError(text, "expected one of < <= > >= == != after %q", name)
	}
	m, of, err := parseMetric(name)
	if err != nil {
		return Gate{}, gateError(text, "%w", err)
	}
	g.Metric, g.Of = m.Name, of
	rest := strings.TrimSpace(text[at+len(g.Op):])
	if cut, abort := strings.CutSuffix(" "+rest, aborting); abort {
		g.Abort, rest = true, strings.TrimSpace(cut)
		if why := unwatched(g); why != "" {
			return Gate{}, gateError(text, "%s cannot end a run: expected %s", g.Name(), why)
		}
	}
	if g.Terms, err = parseLimit(rest, m); err != nil {
		return Gate{}, gateError(text, "%w", err)
	}
	if len(g.Terms) == 1 && g.Terms[0].Metric == "" {
		g.Limit, g.Terms = g.Terms[0].Factor, nil
	}
	if g.Abort && len(g.Terms) > 0 {
		return Gate{}, gateError(text, "a gate that ends the run is held against a quantity, as in %s %s 8s or abort", g.Metric, g.Op)
	}
	return g, nil
}

// parseMetric reads a metric, with the fault or the phase that it is told of behind @.
func parseMetric(text string) (m Metric, of string, err error) {
	name, of, told := strings.Cut(text, "@")
	m, known := Lookup(name)
	switch {
	case !known:
		return m, "", unknownMetric(name)
	case told && of == "":
		return m, "", fmt.Errorf("%s: expected the name of a fault or a phase after @", brief(text))
	case told && byPhase(name) && !slices.Contains(phasesTold, of):
		return m, "", fmt.Errorf("%s is told by phase, expected one of %s after @, got %q", name, strings.Join(phasesTold, ", "), brief(of))
	case told && !byPhase(name) && !byFault(name):
		return m, "", fmt.Errorf("%s is told of the whole run, expected it without @%s", name, brief(of))
	}
	return m, of, nil
}

// parseLimit reads what a metric is held against.
func parseLimit(text string, m Metric) ([]Term, error) {
	inner, largest := strings.CutPrefix(text, "max(")
	if !largest {
		t, err := parseTerm(text, m)
		return []Term{t}, err
	}
	inner, closed := strings.CutSuffix(inner, ")")
	if !closed {
		return nil, fmt.Errorf("%s is given %q, expected a ) at its end", m.Name, brief(text))
	}
	var out []Term
	for part := range strings.SplitSeq(inner, ",") {
		t, err := parseTerm(strings.TrimSpace(part), m)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

// parseTerm reads a quantity in the metric's unit, a metric, or a factor times one.
func parseTerm(text string, m Metric) (Term, error) {
	factor, name, product := strings.Cut(text, "*")
	if !product {
		if !namesMetric(text) {
			v, err := parseQuantity(text, m)
			return Term{Factor: v}, err
		}
		factor, name = "1", text
	}
	factor, name = strings.TrimSpace(factor), strings.TrimSpace(name)
	if namesMetric(factor) {
		factor, name = name, factor
	}
	v, err := parseNumber(factor)
	if err != nil || v <= 0 {
		return Term{}, fmt.Errorf("%s is given %q, expected a factor above 0 and a metric, as in 3 * recovery.floor", m.Name, brief(text))
	}
	other, of, err := parseMetric(name)
	if err != nil {
		return Term{}, err
	}
	if other.Unit != m.Unit {
		return Term{}, fmt.Errorf("%s is given %s, expected a metric in the same unit: %q, not %q", m.Name, other.Name, m.Unit, other.Unit)
	}
	return Term{Factor: v, Metric: other.Name, Of: of}, nil
}

// namesMetric tells a metric from a quantity: it begins with a letter and has a family.
func namesMetric(text string) bool {
	return text != "" && text[0] >= 'a' && text[0] <= 'z' && strings.Contains(text, ".")
}

// parseQuantity reads a quantity in the metric's unit.
func parseQuantity(text string, m Metric) (float64, error) {
	var v float64
	var err error
	example := ""
	switch m.Unit {
	case "s":
		example = "a duration such as 8s or 250ms"
		var d time.Duration
		d, err = time.ParseDuration(text)
		v = d.Seconds()
	case "share":
		example = "a share such as 40% or 0.4"
		number, percent := strings.CutSuffix(text, "%")
		v, err = parseNumber(strings.TrimSpace(number))
		if percent {
			v /= 100
		}
	case "/s":
		example = "a rate such as 2000/s"
		number, _ := strings.CutSuffix(text, "/s")
		v, err = parseNumber(strings.TrimSpace(number))
	default:
		example = "a number such as 0 or 2.5"
		v, err = parseNumber(text)
	}
	if err != nil {
		return 0, fmt.Errorf("%s is given %q, expected %s", m.Name, brief(text), example)
	}
	return v, nil
}

// parseNumber reads a finite decimal number.
func parseNumber(text string) (float64, error) {
	v, err := strconv.ParseFloat(text, 64)
	if err == nil && (math.IsInf(v, 0) || math.IsNaN(v) || strings.ContainsAny(text, "xX_")) {
		err = strconv.ErrSyntax
	}
	return v, err
}

// unwatched says what is expected of a gate that ends the run: a metric that can be told
// while the run goes on, and a limit that is not kept by waiting. "" when it can.
func unwatched(g Gate) string {
	upper := g.Op == "<" || g.Op == "<="
	switch {
	case g.Of != "":
		return "a metric of the whole run"
	case g.Metric == "clients.usable":
		if g.Op != ">" && g.Op != ">=" {
			return "a lower limit, > or >="
		}
		return ""
	case !watchable(g.Metric):
		return "clients.usable, recovery.t50 to t100 (also commanded and cleared), storm.peak_100ms, storm.peak_1s, messages.dup, or the latency of a phase"
	case !upper:
		return "an upper limit, < or <="
	}
	return ""
}

// watchable are the metrics that a run can be ended by, besides clients.usable.
func watchable(name string) bool {
	if slices.Contains([]string{"storm.peak_100ms", "storm.peak_1s", "messages.dup"}, name) {
		return true
	}
	parts := strings.Split(name, ".")
	switch {
	case parts[0] == "latency":
		return len(parts) == 3 && parts[1] != settled
	case parts[0] != "recovery":
		return false
	}
	last := parts[len(parts)-1]
	return slices.Contains([]string{"t50", "t90", "t99", "t100"}, last) && (len(parts) == 2 || parts[1] == "commanded" || parts[1] == "cleared")
}
