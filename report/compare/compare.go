package compare

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/wsheal/wsheal/report"
)

// Schema is the version of a Comparison's and of a baseline's shape.
const Schema = 1

// Comparison is new runs held against old ones. Its verdict is fail when something is
// worse, pass when nothing can be by more than the margin, else inconclusive.
type Comparison struct {
	Schema   int            `json:"schema"`
	Verdict  report.Verdict `json:"verdict"`
	Reasons  []string       `json:"reasons"`  // why, one sentence each; empty for pass
	Warnings []string       `json:"warnings"` // what else may be in the change
	Episode  string         `json:"episode"`  // what happens in every run
	New      Arm            `json:"new"`
	Old      Arm            `json:"old"`
	Paired   string         `json:"paired"` // by "seed" or "order"
	Pairs    int            `json:"pairs"`  // those left out not counted
	LeftOut  int            `json:"left_out"`
	Again    int            `json:"again"` // pairs of old against old, for the noise floor
	Rule     Rule           `json:"rule"`
	Changes  []Change       `json:"changes"`
}

// Arm is one side of it.
type Arm struct {
	Policy  string `json:"policy"`
	Version string `json:"version"`
	Host    string `json:"host"`
	Runs    int    `json:"runs"`
}

// Finding is what is proven of a metric.
type Finding string

const (
	Worse    Finding = "worse"
	NotWorse Finding = "not worse" // by more than the margin
	Better   Finding = "better"    // not worse, and the interval lies on the better side of no change
	Unproven Finding = "~"
	NoData   Finding = "no data"
)

// Change of one metric. A change is a share of the old where Scale is "ratio" (0.3: 30 %
// worse), and in the metric's unit where it is "difference"; above 0 is worse, whichever way
// the metric goes.
type Change struct {
	Metric     string  `json:"metric"`
	Unit       string  `json:"unit"`
	Scale      string  `json:"scale"`
	Finding    Finding `json:"finding"`
	Why        string  `json:"why"`
	Pairs      int     `json:"pairs"`
	Old        Number  `json:"old"` // medians of the metric's values, not of the costs
	New        Number  `json:"new"`
	Estimate   Number  `json:"estimate"`
	Low        Number  `json:"low"`
	High       Number  `json:"high"`
	Level      float64 `json:"level"`      // of the interval, exact: at least the rule's; 0: there is none
	Margin     float64 `json:"margin"`     // as the changes are told
	Noise      Number  `json:"noise"`      // the noise floor: what old against old may differ by; null: not measured
	Detectable Number  `json:"detectable"` // least change that would be called worse in 80 of 100 such comparisons; null: none, or not known

	p  float64 // of the one-sided test against the margin, or the noise floor
	sd float64 // of the pairs, on the scale; NaN: not finite
}

// Compare holds new runs against old ones. Again is a second arm of the old, run among the
// others; it may be empty. The error says why the runs cannot be compared at all.
func Compare(now, old, again []Run, rule Rule) (*Comparison, error) {
	rule, err := rule.Check()
	if err != nil {
		return nil, err
	}
	if err := comparable(now, old, again); err != nil {
		return nil, err
	}
	p := match(now, old, again)
	c := &Comparison{
		Schema: Schema, Reasons: []string{}, Warnings: p.doubts(now, old), Episode: now[0].Episode,
		New: arm(now), Old: arm(old), Paired: p.by, Pairs: len(p.pairs), LeftOut: len(p.dropped), Rule: rule,
	}
	for _, m := range p.pairs {
		if m.again != nil {
			c.Again++
		}
	}
	if few := least(rule.Confidence); c.Again > 0 && c.Again < few {
		c.Warnings = append(c.Warnings, fmt.Sprintf("%s of old against old tell no noise floor: it takes %d", plural(c.Again, "pair"), few))
	}
	for _, name := range rule.Metrics {
		x := measure(name, p.pairs, rule)
		if x.Finding == NoData && !rule.asked && !x.anywhere(p.pairs) {
			continue
		}
		c.Changes = append(c.Changes, x)
	}
	c.correct()
	c.decide()
	return c, nil
}

// comparable says whether all runs are of one episode, and each arm of one policy.
func comparable(now, old, again []Run) error {
	if len(now) == 0 || len(old) == 0 {
		return fmt.Errorf("%d new and %d old runs, expected some of both", len(now), len(old))
	}
	all := slices.Concat(now, old, again)
	return cmp.Or(oneSide("new", now, all), oneSide("old", old, all), oneSide("second old", again, all))
}

// oneSide says whether an arm's runs are of one policy, and of the episode of all the runs.
func oneSide(name string, arm, all []Run) error {
	if len(all) == 0 {
		return errors.New("there is no run")
	}
	if len(arm) > pairsMost {
		return fmt.Errorf("%d %s runs, expected at most %d", len(arm), name, pairsMost)
	}
	for _, r := range arm {
		if first := all[0]; r.Episode != first.Episode {
			return fmt.Errorf("%s and %s are not of one episode, so that they cannot be compared:\n  %s\n  %s", first.Name, r.Name, first.Episode, r.Episode)
		}
		if first := arm[0]; r.Policy != first.Policy || r.Version != first.Version {
			return fmt.Errorf("%s and %s stand on the same side, and are of %s (%s) and %s (%s)", first.Name, r.Name, first.Policy, first.Version, r.Policy, r.Version)
		}
		if n := count(all, r.Name); n > 1 {
			return fmt.Errorf("run %s is there %d times; expected each run once", r.Name, n)
		}
	}
	return nil
}

func count(runs []Run, name string) (n int) {
	for _, r := range runs {
		if r.Name == name {
			n++
		}
	}
	return n
}

func arm(runs []Run) Arm {
	return Arm{Policy: runs[0].Policy, Version: runs[0].Version, Host: runs[0].Host, Runs: len(runs)}
}

// anywhere says whether any run has the metric.
func (x Change) anywhere(pairs []matched) bool {
	return slices.ContainsFunc(pairs, func(m matched) bool {
		_, a := m.old.Measured[x.Metric]
		_, b := m.now.Measured[x.Metric]
		return a || b
	})
}

// correct turns what lies beyond the margin into "worse" where it still does after Holm's
// correction for the number of metrics.
func (c *Comparison) correct() {
	var tested []*Change
	for i := range c.Changes {
		if c.Changes[i].Finding != NoData {
			tested = append(tested, &c.Changes[i])
		}
	}
	alpha := (1 - c.Rule.Confidence) / 2
	for _, x := range tested {
		x.Detectable = x.detectable(alpha / float64(len(tested)))
	}
	slices.SortStableFunc(tested, func(a, b *Change) int { return cmp.Compare(a.p, b.p) })
	for i, x := range tested {
		if x.p > alpha/float64(len(tested)-i) {
			for _, rest := range tested[i:] {
				if rest.p <= alpha {
					rest.Why = fmt.Sprintf("beyond the margin, but not after correction for %d metrics", len(tested))
				}
			}
			return
		}
		x.Finding, x.Why = Worse, "the interval lies beyond the margin"
		if float64(x.Noise) > x.Margin {
			x.Why = "the interval lies beyond the margin and the noise floor"
		}
	}
}

// decide fills in the verdict.
func (c *Comparison) decide() {
	var worse, open []string
	for _, x := range c.Changes {
		switch x.Finding {
		case Worse:
			by := "by " + x.format(x.Estimate)
			if math.IsInf(float64(x.Estimate), 1) {
				by = "without bound"
			}
			worse = append(worse, fmt.Sprintf("%s is worse %s, at least by %s", x.Metric, by, x.format(x.Low)))
		case Unproven, NoData:
			open = append(open, fmt.Sprintf("%s: %s", x.Metric, x.Why))
		}
	}
	if len(c.Changes) == 0 {
		open = append(open, "the runs have none of the metrics that are compared")
	}
	if 10*c.LeftOut > c.Pairs+c.LeftOut {
		open = append(open, fmt.Sprintf("%d of %d pairs are left out, more than a tenth", c.LeftOut, c.Pairs+c.LeftOut))
	}
	c.Reasons = append(append(c.Reasons, worse...), open...)
	switch {
	case len(worse) > 0:
		c.Verdict = report.Fail
	case len(open) > 0:
		c.Verdict = report.Inconclusive
	default:
		c.Verdict = report.Pass
	}
}

// errNoPairs is why nothing can be said of a metric.
var errNoPairs = errors.New("no pair has a value of it on both sides")
