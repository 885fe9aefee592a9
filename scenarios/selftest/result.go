package selftest

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/wsheal/wsheal/report"
)

// Result is what came of all bad healers, and of the good ones.
type Result struct {
	Verdict report.Verdict `json:"verdict"` // pass: every bad healer was caught, and no good one
	Rows    []Row          `json:"rows"`
	Placebo Side           `json:"placebo"`
}

// Row is one bad healer.
type Row struct {
	Healer string `json:"healer"`
	Wrong  string `json:"wrong"` // what it does
	Gate   string `json:"gate"`  // that is meant for it
	Caught bool   `json:"caught"`
	Bad    Side   `json:"bad"`
	Good   Side   `json:"good"`            // the same scenario, without the bad habit
	Noise  string `json:"noise,omitempty"` // what the gate's metric reads of the placebo; empty: it has no value there
}

// Side is one run.
type Side struct {
	Verdict report.Verdict `json:"verdict"`
	Saw     string         `json:"saw,omitempty"`    // what the gate that is meant found
	Broken  []string       `json:"broken,omitempty"` // the gates that broke; nil: none
	Why     []string       `json:"why,omitempty"`    // of a verdict that is not pass
}

func side(s *report.Summary, gate string) Side {
	out := Side{Verdict: s.Verdict, Why: s.Reasons}
	for _, g := range s.Gates {
		if g.Text == gate {
			out.Saw = strings.TrimPrefix(g.Why, "it was ")
		}
		if g.Verdict == string(report.Fail) {
			out.Broken = append(out.Broken, g.Text)
		}
	}
	return out
}

// judge holds the runs against what was expected of them. A bad healer is caught when its
// run failed by the gate that is meant for it: what an unfit harness or an unconfirmed
// fault says is no proof, and another gate would have caught something else.
func judge(cases []Case, bad, good []*report.Summary, placebo *report.Summary) *Result {
	r := &Result{Placebo: side(placebo, "")}
	r.expect(placebo.Verdict, placebo.Verdict == report.Pass)
	values := placebo.Values()
	for i, c := range cases {
		row := Row{Healer: c.Healer, Wrong: c.Wrong, Gate: c.Gate, Bad: side(bad[i], c.Gate), Good: side(good[i], c.Gate)}
		for _, g := range row.Bad.Broken {
			row.Caught = row.Caught || g == c.Gate && row.Bad.Verdict == report.Fail
		}
		name, _, _ := strings.Cut(c.Gate, " ")
		if v, ok := values[name]; ok {
			m, _ := report.Lookup(name)
			row.Noise = report.FormatValue(v, m.Unit)
		}
		r.expect(row.Bad.Verdict, row.Caught)
		r.expect(row.Good.Verdict, row.Good.Verdict == report.Pass)
		r.Rows = append(r.Rows, row)
	}
	return r
}

// expect takes the verdict of a run, and whether it is as it should be. A run that proves
// nothing leaves the selftest inconclusive; one that proves the contrary fails it.
func (r *Result) expect(v report.Verdict, met bool) {
	switch {
	case r.Verdict == "":
		r.Verdict = report.Pass
		r.expect(v, met)
	case met || r.Verdict == report.Fail:
	case v == report.Pass || v == report.Fail:
		r.Verdict = report.Fail
	default:
		r.Verdict = report.Inconclusive
	}
}

// also are the gates that broke beside the one that is meant.
func (r Row) also() string {
	var out []string
	for _, g := range r.Bad.Broken {
		if g != r.Gate {
			out = append(out, g)
		}
	}
	if out == nil {
		return "-"
	}
	return strings.Join(out, ", ")
}

// WriteJSON writes the result for programs.
func (r *Result) WriteJSON(w io.Writer) error { return writeJSON(w, r) }

// WriteText writes the table for people.
func (r *Result) WriteText(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "bad healer\tgate meant for it\tbad\tgood\tplacebo\tcaught\talso broke\twhat it does")
	caught, clean := 0, 0
	for _, row := range r.Rows {
		verdict := "NO"
		if row.Caught {
			verdict = "yes"
			caught++
		}
		if row.Good.Verdict == report.Pass {
			clean++
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", row.Healer, row.Gate, dash(row.Bad.Saw), dash(row.Good.Saw), dash(row.Noise), verdict, row.also(), row.Wrong)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%d of %d bad healers caught, %d of %d good ones passed, placebo: %s\nThe placebo's column is the noise floor: what the metric reads when nobody is harmed (-: no value).\n",
		caught, len(r.Rows), clean, len(r.Rows), r.Placebo.Verdict)
	for _, row := range r.Rows {
		if !row.Caught {
			_, err = fmt.Fprintf(w, "%s: %s: %s\n", row.Healer, row.Bad.Verdict, strings.Join(row.Bad.Why, "; "))
		}
		if row.Good.Verdict != report.Pass {
			_, err = fmt.Fprintf(w, "%s, good: %s: %s\n", row.Healer, row.Good.Verdict, strings.Join(row.Good.Why, "; "))
		}
	}
	if r.Placebo.Verdict != report.Pass {
		_, err = fmt.Fprintf(w, "placebo: %s\n", strings.Join(r.Placebo.Why, "; "))
	}
	return err
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
