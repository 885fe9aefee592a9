package compare

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/wsheal/wsheal/report"
)

// Repeated is runs of one thing. Its verdict is fail when a run failed, else inconclusive
// when one proved nothing, else pass.
type Repeated struct {
	Schema  int            `json:"schema"`
	Verdict report.Verdict `json:"verdict"`
	Episode string         `json:"episode"`
	Arm     Arm            `json:"arm"`
	Runs    []Ended        `json:"runs"`
	Metrics []Spread       `json:"metrics"`
}

// Ended is how one run ended.
type Ended struct {
	Name    string         `json:"name"`
	Seed    uint64         `json:"seed"`
	Verdict report.Verdict `json:"verdict"`
	Why     string         `json:"why,omitempty"`
}

// Spread is a metric over the runs that proved something. The interval is that of the
// median, from order statistics: it assumes nothing of the distribution. Six runs are the
// fewest with one of 95 %.
type Spread struct {
	Metric string  `json:"metric"`
	Unit   string  `json:"unit"`
	Runs   int     `json:"runs"`
	Median Number  `json:"median"`
	Low    Number  `json:"low"`
	High   Number  `json:"high"`
	Level  float64 `json:"level"` // of the interval, exact; 0: there is none
	Min    Number  `json:"min"`
	Max    Number  `json:"max"`
}

// Repeat describes runs of one thing by the rule's metrics and confidence.
func Repeat(runs []Run, rule Rule) (*Repeated, error) {
	rule, err := rule.Check()
	if err != nil {
		return nil, err
	}
	if err := oneSide("repeated", runs, runs); err != nil {
		return nil, err
	}
	r := &Repeated{Schema: Schema, Verdict: report.Pass, Episode: runs[0].Episode, Arm: arm(runs)}
	for _, run := range runs {
		r.Runs = append(r.Runs, Ended{Name: run.Name, Seed: run.Seed, Verdict: run.Verdict, Why: run.Why})
		switch {
		case run.Verdict == report.Fail:
			r.Verdict = report.Fail
		case run.Verdict != report.Pass && r.Verdict == report.Pass:
			r.Verdict = report.Inconclusive
		}
	}
	for _, name := range rule.Metrics {
		var values []float64
		for _, run := range runs {
			if v, ok := run.Measured[name]; ok && run.proves() {
				values = append(values, v)
			}
		}
		if len(values) > 0 {
			r.Metrics = append(r.Metrics, spread(name, values, rule.Confidence))
		}
	}
	return r, nil
}

func spread(name string, values []float64, confidence float64) Spread {
	m, _ := report.Lookup(name)
	slices.Sort(values)
	n := len(values)
	s := Spread{
		Metric: name, Unit: m.Unit, Runs: n, Median: Number(median(values)), Min: Number(values[0]), Max: Number(values[n-1]),
		Low: Number(math.NaN()), High: Number(math.NaN()),
	}
	// Outside on one side lies the median with the chance that k or fewer of n coins are heads.
	p, below := math.Exp2(-float64(n)), 0.0
	for k := 0; 2*k < n; k++ {
		if below += p; below > (1-confidence)/2 {
			break
		}
		s.Low, s.High, s.Level = Number(values[k]), Number(values[n-1-k]), 1-2*below
		p *= float64(n-k) / float64(k+1)
	}
	return s
}

// WriteText writes how the runs ended, and what they were like.
func (r *Repeated) WriteText(w io.Writer, style report.Style) error {
	var out strings.Builder
	say := func(format string, args ...any) {
		out.WriteString(style.Printable(fmt.Sprintf(format, args...)) + "\n")
	}
	passed := 0
	for _, run := range r.Runs {
		if run.Verdict == report.Pass {
			passed++
		}
	}
	say("%s %d of %s passed", mark(r.Verdict), passed, plural(len(r.Runs), "run"))
	say("  %s", r.Arm.words())
	for _, run := range r.Runs {
		if run.Verdict != report.Pass {
			say("  %s, seed %d: %s: %s", run.Name, run.Seed, run.Verdict, run.Why)
		}
	}
	say("")
	rows := [][]string{{"metric", "median", "interval", "least", "most", ""}}
	for _, s := range r.Metrics {
		value := func(n Number) string { return report.FormatValue(float64(n), s.Unit) }
		interval := "none"
		if s.Level > 0 {
			interval = value(s.Low) + " … " + value(s.High)
		}
		rows = append(rows, []string{s.Metric, value(s.Median), interval, value(s.Min), value(s.Max), ""})
	}
	for _, line := range aligned(rows) {
		say("%s", line)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// WriteJSON writes it indented; the same runs are the same bytes.
func (r *Repeated) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}
