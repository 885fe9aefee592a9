package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/wsheal/wsheal/bench/cost/ratio"
	"github.com/wsheal/wsheal/bench/cost/workload"
)

// writeTable writes what was found, for people: medians, ratios, and whether the bars hold.
func writeTable(out io.Writer, outcomes []outcome) {
	for _, o := range outcomes {
		fmt.Fprintf(out, "%s: %s\n\n", o.workload, o.about)
		o.rows(out)
		fmt.Fprintln(out)
		for _, c := range o.contests {
			o.verdict(out, &c)
		}
		fmt.Fprintln(out)
	}
	fmt.Fprintf(out, "Figures are medians. A ratio is the median of those within pairs; its interval is that of the sign test,\n"+
		"at least %.0f %%, and holds for this machine. Loaded are pairs during which others took more than %.0f %% of it.\n",
		100*ratio.Confidence, 100*loadLimit)
}

// rows writes a row per client, the baseline first.
func (o *outcome) rows(out io.Writer) {
	units := o.units()
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	defer w.Flush()
	fmt.Fprintf(w, "client\t%s\tx %s\tinterval\tpairs\tloaded\t\n", strings.Join(units, "\t"), o.baseline)
	var base []workload.Result
	for _, c := range o.contests {
		for _, p := range c.pairs {
			base = append(base, p.base)
		}
	}
	fmt.Fprintf(w, "%s\t%s\t1\t-\t-\t-\t\n", o.baseline, medians(base, units))
	for _, c := range o.contests {
		if len(c.pairs) == 0 {
			continue
		}
		var results []workload.Result
		for _, p := range c.pairs {
			results = append(results, p.rival)
		}
		e := ratio.Of(c.ratios())
		fmt.Fprintf(w, "%s\t%s\t%.3g\t%s\t%d\t%d\t\n", c.name, medians(results, units), e.Median, e.Interval(), e.N, c.loaded())
	}
}

// units are those of the workload's results.
func (o *outcome) units() []string {
	for _, c := range o.contests {
		if len(c.pairs) > 0 {
			return c.pairs[0].base.Units
		}
	}
	return []string{o.unit}
}

// medians are the cells of a row.
func medians(results []workload.Result, units []string) string {
	cells := make([]string, len(units))
	for i, unit := range units {
		var xs []float64
		for _, r := range results {
			xs = append(xs, r.Values[unit])
		}
		cells[i] = figure(ratio.Of(xs).Median)
	}
	return strings.Join(cells, "\t")
}

// figure writes a number with as many digits as it can bear.
func figure(x float64) string {
	switch {
	case x >= 1000:
		return fmt.Sprintf("%.0f", x)
	case x >= 100:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.3g", x)
}

// verdict says whether the bar holds for a client of ours, and why one was not measured.
func (o *outcome) verdict(out io.Writer, c *contest) {
	if c.err != nil {
		fmt.Fprintf(out, "%s: not measured to the end: %v\n", c.name, c.err)
	}
	if !slices.Contains(ours, c.name) {
		return
	}
	e := ratio.Of(c.ratios())
	fmt.Fprintf(out, "bar %s %v x %s in %s: %v (", c.name, o.bar, o.baseline, o.unit, o.bar.Judge(e))
	switch {
	case e.N == 0:
		fmt.Fprint(out, "no pair")
	case !e.Bounded():
		fmt.Fprintf(out, "%.3g of %d pairs, too few for an interval", e.Median, e.N)
	default:
		fmt.Fprintf(out, "%.3g, %s with %.1f %% of %d pairs", e.Median, e.Interval(), 100*e.Confidence, e.N)
	}
	if n := c.loaded(); n > 0 {
		fmt.Fprintf(out, ", %d of them loaded", n)
	}
	fmt.Fprintln(out, ")")
}
