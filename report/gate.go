package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Gate is a limit on a metric, or a condition of the steady state.
type Gate struct {
	Text   string  // as written
	Metric string  // a name that Lookup knows
	Op     string  // < <= > >= == !=
	Limit  float64 // in the metric's unit
}

// operators, the longer before those that they begin with.
var operators = []string{"<=", ">=", "==", "!=", "<", ">"}

// ParseGate reads "metric op quantity", as in "recovery.t99 < 8s". The quantity is in the
// metric's unit: a duration with its unit, a share as 40% or 0.4, a rate as 2000/s, a
// plain number for counts. The error says what was expected, and names the nearest metric
// when the metric is unknown.
func ParseGate(text string) (Gate, error) {
	at := strings.IndexAny(text, "<>=!")
	if at < 0 {
		return Gate{}, fmt.Errorf("gate %q: expected \"metric op quantity\" with op one of < <= > >= == !=, as in \"recovery.t99 < 8s\"", brief(text))
	}
	g := Gate{Text: strings.TrimSpace(text), Metric: strings.TrimSpace(text[:at])}
	for _, op := range operators {
		if strings.HasPrefix(text[at:], op) {
			g.Op = op
			break
		}
	}
	if g.Op == "" {
		return Gate{}, fmt.Errorf("gate %q: expected one of < <= > >= == != after %q", brief(text), g.Metric)
	}
	m, known := Lookup(g.Metric)
	if !known {
		return Gate{}, fmt.Errorf("gate %q: %w", brief(text), unknownMetric(g.Metric))
	}
	limit, err := parseQuantity(strings.TrimSpace(text[at+len(g.Op):]), m)
	if err != nil {
		return Gate{}, fmt.Errorf("gate %q: %w", brief(text), err)
	}
	g.Limit = limit
	return g, nil
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

// noData is the verdict of a gate whose metric has no value: it proves nothing.
const noData = "no data"

// Judge holds the values of a run, in their metrics' units, against the gate. +Inf is a
// value: it breaks every upper limit. A metric without a value, and NaN, is "no data",
// which never passes.
func (g Gate) Judge(values map[string]float64) GateResult {
	m, _ := Lookup(g.Metric)
	res := GateResult{Text: g.Text, Metric: g.Metric, Unit: m.Unit, Limit: g.Limit, Verdict: noData}
	v, found := values[g.Metric]
	if !found || math.IsNaN(v) {
		res.Why = "the run has no value for it"
		return res
	}
	res.Verdict = string(Fail)
	if g.holds(v) {
		res.Verdict = string(Pass)
	}
	if math.IsInf(v, 0) {
		res.Unbounded = true
		res.Why = unboundedWhy(g.Metric)
		return res
	}
	res.Value = v
	res.Why = "it was " + FormatValue(v, m.Unit)
	return res
}

func (g Gate) holds(v float64) bool {
	switch g.Op {
	case "<":
		return v < g.Limit
	case "<=":
		return v <= g.Limit
	case ">":
		return v > g.Limit
	case ">=":
		return v >= g.Limit
	case "==":
		return v == g.Limit
	case "!=":
		return v != g.Limit
	}
	return false
}
