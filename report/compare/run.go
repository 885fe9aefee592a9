package compare

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/wsheal/wsheal/report"
)

// Run is what is compared of one run.
type Run struct {
	Name     string // its directory, or what it was called there
	Episode  string // the scenario and what else must be the same on both sides, in words
	Policy   string
	Version  string // of wsheal
	Host     string
	Seed     uint64
	Started  string // wall clock, RFC 3339
	Verdict  report.Verdict
	Why      string             // the first reason of a run that proves nothing
	Measured map[string]float64 // metrics by name; +Inf: no finite value
}

// FromSummary takes the run that a summary is of.
func FromSummary(name string, s *report.Summary) Run {
	r := Run{
		Name: name, Episode: episode(s.Run), Policy: s.Run.Policy, Version: s.Run.Version, Host: s.Run.Host,
		Seed: s.Run.Seed, Started: s.Run.Started, Verdict: s.Verdict, Measured: s.Values(),
	}
	if !r.proves() && len(s.Reasons) > 0 {
		r.Why = s.Reasons[0]
	}
	return r
}

// proves says whether a run measured what it was to measure. One that broke its own gates
// did.
func (r Run) proves() bool { return r.Verdict == report.Pass || r.Verdict == report.Fail }

// episode tells what happens in a run, policy and seed left out: runs of which it differs
// are not of one population.
func episode(run report.Run) string {
	text := fmt.Sprintf("%s: %d clients", run.Scenario, run.Clients)
	text += fmt.Sprintf(", %s/s of %d B %s", report.FormatNumber(run.Rate), run.Size, cmp.Or(run.Guarantee, "without a guarantee"))
	for _, p := range run.Plan {
		text += fmt.Sprintf(", %s %s", p.Name, report.FormatDuration(p.To-p.From))
	}
	for _, f := range run.Faults {
		text += fmt.Sprintf(", %s at %s of %s on %s", f.Kind, report.FormatDuration(f.At), report.FormatShare(f.Share), f.On)
		if f.For > 0 {
			text += " for " + report.FormatDuration(f.For)
		}
		if f.Detail != "" {
			text += " (" + f.Detail + ")"
		}
	}
	return text
}

// runJSON is Run in a file: JSON has no infinity.
type runJSON struct {
	Name      string                     `json:"name"`
	Policy    string                     `json:"policy"`
	Version   string                     `json:"version"`
	Host      string                     `json:"host"`
	Seed      uint64                     `json:"seed"`
	Started   string                     `json:"started"`
	Verdict   report.Verdict             `json:"verdict"`
	Why       string                     `json:"why,omitempty"`
	Metrics   map[string]json.RawMessage `json:"metrics"`
	Unbounded []string                   `json:"unbounded,omitempty"`
}

// keep is a run with the named metrics alone.
func (r Run) keep(metrics []string) Run {
	kept := map[string]float64{}
	for _, name := range metrics {
		if v, ok := r.Measured[name]; ok {
			kept[name] = v
		}
	}
	r.Measured = kept
	return r
}

func (r Run) file() runJSON {
	out := runJSON{
		Name: r.Name, Policy: r.Policy, Version: r.Version, Host: r.Host, Seed: r.Seed, Started: r.Started,
		Verdict: r.Verdict, Why: r.Why, Metrics: map[string]json.RawMessage{},
	}
	for _, name := range slices.Sorted(maps.Keys(r.Measured)) {
		if v := r.Measured[name]; math.IsInf(v, 1) {
			out.Unbounded = append(out.Unbounded, name)
		} else {
			out.Metrics[name], _ = json.Marshal(v) // fails only on what is no number, and no metric is that
		}
	}
	return out
}

func (j runJSON) run(episode string) (Run, error) {
	r := Run{
		Name: j.Name, Episode: episode, Policy: j.Policy, Version: j.Version, Host: j.Host, Seed: j.Seed, Started: j.Started,
		Verdict: j.Verdict, Why: j.Why, Measured: map[string]float64{},
	}
	if !slices.Contains([]report.Verdict{report.Invalid, report.Inconclusive, report.Fail, report.Pass}, j.Verdict) {
		return r, fmt.Errorf("run %s: verdict %q: expected pass, fail, inconclusive or invalid", j.Name, j.Verdict)
	}
	for _, name := range slices.Sorted(maps.Keys(j.Metrics)) {
		v, err := readValue(name, j.Metrics[name])
		if err != nil {
			return r, fmt.Errorf("run %s: %w", j.Name, err)
		}
		r.Measured[name] = v
	}
	for _, name := range j.Unbounded {
		if _, both := j.Metrics[name]; both {
			return r, fmt.Errorf("run %s: %s has a value and is unbounded, expected one of the two", j.Name, name)
		}
		if _, err := boundsOf(name); err != nil {
			return r, fmt.Errorf("run %s: %w", j.Name, err)
		}
		r.Measured[name] = math.Inf(1)
	}
	return r, nil
}

// MarshalJSON writes the run with its unbounded metrics listed by name.
func (r Run) MarshalJSON() ([]byte, error) { return json.Marshal(r.file()) }
