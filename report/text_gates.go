package report

import (
	"slices"
	"strings"
)

// ranked puts broken gates first, then those without data; else as written.
func ranked(gates []GateResult) []GateResult {
	rank := func(g GateResult) int {
		switch judge(g.Verdict) {
		case bad:
			return 0
		case good:
			return 2
		}
		return 1
	}
	sorted := slices.Clone(gates)
	slices.SortStableFunc(sorted, func(a, b GateResult) int { return rank(a) - rank(b) })
	return sorted
}

// value of a gate, or that there is none.
func (g GateResult) value() string {
	switch {
	case judge(g.Verdict) == unknown:
		return "no data"
	case g.Unbounded:
		return "unbounded"
	}
	return FormatValue(g.Value, g.Unit)
}

// why is what the value alone does not say.
func (g GateResult) why() string {
	why := g.Why
	if why == "it was "+g.value() {
		why = ""
	}
	var bounds []string
	if g.Low != nil {
		bounds = append(bounds, "from "+FormatValue(*g.Low, g.Unit))
	}
	if g.High != nil {
		bounds = append(bounds, "to "+FormatValue(*g.High, g.Unit))
	}
	if len(bounds) == 0 {
		return why
	}
	interval := "95 % " + strings.Join(bounds, " ")
	if why == "" {
		return interval
	}
	return why + "; " + interval
}

func (t *text) gates() []string {
	var rows [][]cell
	for _, g := range ranked(t.s.Gates) {
		v := right(g.value())
		v.paint = t.mark(g.Verdict).paint
		if judge(g.Verdict) == good {
			v.paint = plain
		}
		rows = append(rows, []cell{t.mark(g.Verdict), left(g.Text), v, left(g.why())})
	}
	return few(t.table(rows, t.room()), 7)
}

func (t *text) steady() []string {
	if t.s.Steady == nil {
		return nil
	}
	var rows [][]cell
	for _, c := range t.s.Steady.Checks {
		rows = append(rows, []cell{t.mark(c.word()), left(c.Text), right(c.value()), left(c.Why)})
	}
	return few(t.table(rows, t.room()), 4)
}

// word is the judgement of a check.
func (c Check) word() string {
	if c.Met {
		return "met"
	}
	return "not met"
}

// value of a check in the unit of the metric that its text begins with.
func (c Check) value() string {
	name, _, _ := strings.Cut(c.Text, " ")
	m, _ := Lookup(name)
	return FormatValue(c.Value, m.Unit)
}
