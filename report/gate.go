package report

import (
	"fmt"
	"math"
	"strings"
)

// Gate is a limit on a metric, or a condition of the steady state.
//
//	recovery.t99 < 8s
//	recovery.t99@cut < 8s                              of the fault cut alone
//	messages.lost@chaos == 0                           of the phase chaos alone
//	recovery.t99 < 3 * recovery.floor                  a factor times another metric
//	recovery.t99 < max(2s, 3 * recovery.floor)         the largest of several
//	storm.peak_1s < 40% or abort                       checked while the run goes on, too
type Gate struct {
	Text   string // as written
	Metric string // a name that Lookup knows
	Of     string // the fault or the phase that it is told of; "": of the whole run
	Op     string // < <= > >= == !=
	Limit  float64
	Terms  []Term // where the limit rests on other metrics: it is the largest of these, and Limit is 0
	Abort  bool   // the run ends as soon as it is broken
}

// Term is one of those that a limit is the largest of: a quantity in the gate's unit, or a
// factor of another metric in the same unit.
type Term struct {
	Factor float64 // the quantity itself where Metric is ""
	Metric string
	Of     string
}

// String is the term as a gate is written.
func (t Term) String() string {
	switch {
	case t.Metric == "":
		return FormatNumber(t.Factor)
	case t.Factor == 1:
		return scoped(t.Metric, t.Of)
	}
	return FormatNumber(t.Factor) + " * " + scoped(t.Metric, t.Of)
}

// Name is the metric as the gate names it: with its fault or phase.
func (g Gate) Name() string { return scoped(g.Metric, g.Of) }

// scoped names a metric of a fault or a phase: what Judge looks it up by.
func scoped(metric, of string) string {
	if of == "" {
		return metric
	}
	return metric + "@" + of
}

// noData is the verdict of a gate whose metric has no value: it proves nothing.
const noData = "no data"

// Judge holds the values of a run, in their metrics' units, against the gate; a metric of a
// fault or a phase goes by its name and that, as in "recovery.t99@cut". +Inf is a value: it
// breaks every upper limit. A metric without a value, and NaN, is "no data", which never
// passes; so is a limit that is not known, unless what is known of it decides.
func (g Gate) Judge(values map[string]float64) GateResult {
	m, _ := Lookup(g.Metric)
	res := GateResult{Text: g.Text, Metric: g.Metric, Unit: m.Unit, Limit: g.Limit, Verdict: noData}
	v, found := values[g.Name()]
	if !found || math.IsNaN(v) {
		res.Why = "the run has no value for it"
		if g.Of != "" {
			res.Why = "the run has no value for it of " + g.Of
		}
		return res
	}
	was := "it was " + FormatValue(v, m.Unit)
	if math.IsInf(v, 0) {
		was = unboundedWhy(g.Metric)
	}
	limit, words, missing := g.limit(values, m.Unit)
	if len(g.Terms) > 0 {
		res.Limit = limit
		was += words
	}
	if missing != "" && !g.decided(v, limit) {
		res.Limit, res.Why = 0, missing
		return res
	}
	res.Verdict = string(Fail)
	if g.holds(v, limit) {
		res.Verdict = string(Pass)
	}
	res.Why = was
	if math.IsInf(v, 0) {
		res.Unbounded = true
		return res
	}
	res.Value = v
	return res
}

// limit is the largest of the terms that have a value, in words too; missing says of the
// others that they have none.
func (g Gate) limit(values map[string]float64, unit string) (limit float64, words, missing string) {
	if len(g.Terms) == 0 {
		return g.Limit, "", ""
	}
	limit = math.Inf(-1)
	var by string
	for _, t := range g.Terms {
		name, factor := scoped(t.Metric, t.Of), t.Factor
		v, found := 1.0, true
		if t.Metric != "" {
			v, found = values[name]
		}
		switch {
		case !found || math.IsNaN(v):
			missing = "the limit has no value: the run has none for " + name
			continue
		case math.IsInf(v, 0):
			missing = "the limit has no finite value: " + name + ": " + unboundedWhy(t.Metric)
			continue
		}
		if factor*v > limit {
			limit, by = factor*v, ""
			if t.Metric != "" {
				by = ", " + t.String()
				if factor != 1 {
					by += " (" + FormatValue(v, unit) + ")"
				}
			}
		}
	}
	if math.IsInf(limit, -1) {
		return 0, "", missing
	}
	return limit, "; the limit is " + FormatValue(limit, unit) + by, missing
}

// decided says whether the verdict is the same however much larger than what is known of it
// the limit turns out to be.
func (g Gate) decided(v, limit float64) bool {
	switch g.Op {
	case "<":
		return v < limit
	case "<=":
		return v <= limit
	case ">", ">=":
		return v < limit
	}
	return false
}

func (g Gate) holds(v, limit float64) bool {
	switch g.Op {
	case "<":
		return v < limit
	case "<=":
		return v <= limit
	case ">":
		return v > limit
	case ">=":
		return v >= limit
	case "==":
		return v == limit
	case "!=":
		return v != limit
	}
	return false
}

// Metrics that the gate rests on, by the names that Judge looks up.
func (g Gate) Metrics() []string {
	out := []string{g.Name()}
	for _, t := range g.Terms {
		if t.Metric != "" {
			out = append(out, scoped(t.Metric, t.Of))
		}
	}
	return out
}

// Scope splits a name that Metrics returned.
func Scope(name string) (metric, of string) {
	metric, of, _ = strings.Cut(name, "@")
	return metric, of
}

// gateError is the one form of every complaint about a gate.
func gateError(text, format string, args ...any) error {
	return fmt.Errorf("gate %q: %w", brief(text), fmt.Errorf(format, args...))
}
