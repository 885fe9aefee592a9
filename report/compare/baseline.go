package compare

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// Baseline is runs kept for later, in one file that a repository can hold, with the rule
// by which new ones are held against them.
type Baseline struct {
	Rule    Rule
	Episode string // of every run
	Runs    []Run  // with the rule's metrics, and no others
	Noise   []Noise
}

// Noise is how much the baseline's own runs differ among themselves, each from the one that
// began next. It holds what the seed changes, too, and so is an upper bound where runs are
// paired by their seeds.
type Noise struct {
	Metric     string `json:"metric"`
	Pairs      int    `json:"pairs"`
	Ratio      bool   `json:"ratio"`      // the changes are shares; false: in the metric's unit
	Deviation  Number `json:"deviation"`  // standard deviation of the change of a pair; null: not finite
	Detectable Number `json:"detectable"` // least change that as many new runs as there are would show as worse in 80 of 100 checks; null: none
}

// baselineJSON is the file.
type baselineJSON struct {
	Schema  int       `json:"schema"`
	Kind    string    `json:"kind"`
	Rule    Rule      `json:"rule"`
	Episode string    `json:"episode"`
	Noise   []Noise   `json:"noise"`
	Runs    []runJSON `json:"runs"`
}

// baselineKind tells the file from others of ours.
const baselineKind = "wsheal baseline"

// NewBaseline keeps runs under a rule. The error says why they make no baseline: they are
// not of one episode and one policy, one proves nothing, or none has a metric of the rule.
func NewBaseline(runs []Run, rule Rule) (*Baseline, error) {
	rule, err := rule.Check()
	if err != nil {
		return nil, err
	}
	if err := oneSide("new", runs, runs); err != nil {
		return nil, err
	}
	b := &Baseline{Rule: rule, Episode: runs[0].Episode}
	for _, r := range runs {
		if !r.proves() {
			return nil, fmt.Errorf("%s is %s: %s; expected runs that measured what they were to measure", r.Name, r.Verdict, r.Why)
		}
	}
	has := func(name string) bool {
		return !slices.ContainsFunc(runs, func(r Run) bool { _, ok := r.Measured[name]; return !ok })
	}
	for _, name := range rule.Metrics {
		if rule.asked && !has(name) {
			return nil, fmt.Errorf("metric %s: not every run has a value of it", name)
		}
	}
	b.Rule.Metrics = slices.DeleteFunc(slices.Clone(rule.Metrics), func(name string) bool { return !has(name) })
	if len(b.Rule.Metrics) == 0 {
		return nil, errors.New("the runs have none of the metrics that are compared; expected some to be named")
	}
	b.Rule.asked = true
	for _, r := range runs {
		b.Runs = append(b.Runs, r.keep(b.Rule.Metrics))
	}
	for _, name := range b.Rule.Metrics {
		b.Noise = append(b.Noise, b.noise(name))
	}
	return b, nil
}

// noise compares the baseline's runs with each other.
func (b *Baseline) noise(name string) Noise {
	var pairs []matched
	for i := 0; i+1 < len(b.Runs); i += 2 {
		pairs = append(pairs, matched{old: b.Runs[i], now: b.Runs[i+1]})
	}
	n := Noise{Metric: name, Pairs: len(pairs), Deviation: Number(math.NaN()), Detectable: Number(math.NaN())}
	if len(pairs) < 2 {
		return n
	}
	x := measure(name, pairs, b.Rule)
	n.Ratio, n.Deviation = x.Scale == "ratio", Number(x.told(x.sd))
	x.Pairs = len(b.Runs) // what is checked has as many pairs as there are runs
	n.Detectable = x.detectable((1 - b.Rule.Confidence) / 2 / float64(len(b.Rule.Metrics)))
	return n
}

// Check holds new runs against the baseline by its rule.
func (b *Baseline) Check(now []Run) (*Comparison, error) {
	return Compare(now, b.Runs, nil, b.Rule)
}

// Write writes the baseline, a run a line, so that a change of it is readable as a diff.
func (b *Baseline) Write(w io.Writer) error {
	var out bytes.Buffer
	field := func(name string, v any) error {
		text, err := json.Marshal(v)
		fmt.Fprintf(&out, "  %q: %s,\n", name, text)
		return err
	}
	out.WriteString("{\n")
	for _, f := range []struct {
		name string
		v    any
	}{{"schema", Schema}, {"kind", baselineKind}, {"rule", b.Rule}, {"episode", b.Episode}, {"noise", b.Noise}} {
		if err := field(f.name, f.v); err != nil {
			return err
		}
	}
	out.WriteString("  \"runs\": [\n")
	for i, r := range b.Runs {
		text, err := json.Marshal(r.file())
		if err != nil {
			return err
		}
		comma := ","
		if i == len(b.Runs)-1 {
			comma = ""
		}
		fmt.Fprintf(&out, "    %s%s\n", text, comma)
	}
	out.WriteString("  ]\n}\n")
	_, err := w.Write(out.Bytes())
	return err
}

// ReadBaseline reads what Write wrote, strictly: a field that it does not know, a version
// from the future and a rule that no comparison takes are errors, and say what was expected.
func ReadBaseline(r io.Reader) (*Baseline, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	var head struct {
		Schema *int   `json:"schema"`
		Kind   string `json:"kind"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return nil, fmt.Errorf("expected a baseline, as wsheal baseline save writes it: %w", whereBroken(text, err))
	}
	switch {
	case head.Kind != baselineKind || head.Schema == nil:
		return nil, fmt.Errorf("kind %q: expected %q, as wsheal baseline save writes it", head.Kind, baselineKind)
	case *head.Schema != Schema:
		return nil, fmt.Errorf("schema %d: expected %d; another version of wsheal wrote it", *head.Schema, Schema)
	}
	var file baselineJSON
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&file); err != nil {
		return nil, err
	}
	if dec.More() {
		return nil, errors.New("expected one baseline, got more after it")
	}
	return file.baseline()
}

func (f baselineJSON) baseline() (*Baseline, error) {
	b := &Baseline{Episode: f.Episode, Noise: f.Noise}
	for _, j := range f.Runs {
		r, err := j.run(f.Episode)
		if err != nil {
			return nil, err
		}
		b.Runs = append(b.Runs, r)
	}
	if f.Rule.Margin == 0 || f.Rule.Confidence == 0 || len(f.Rule.Metrics) == 0 {
		return nil, errors.New("rule: expected margin, confidence and metrics")
	}
	again, err := NewBaseline(b.Runs, f.Rule)
	if err != nil {
		return nil, err
	}
	again.Noise = f.Noise
	return again, nil
}
