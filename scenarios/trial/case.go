package trial

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/scenarios"
)

// Case is a case study: a claim of what healing is worth, and the pair of library scenarios,
// NAME-before and NAME-after, that it is held against.
type Case struct {
	Name   string
	Claim  string
	Metric string  // what the claim is about
	Rest   bool    // it is about one minus the metric, as downtime is of avail.time
	Most   float64 // the after as a share of the before, at most
}

// Cases are the case studies.
func Cases() []Case {
	return []Case{
		{"gaming", "connections drop at peak hours: downtime at least 80 % lower", "avail.time", true, 0.2},
		{"trading", "a gateway dies: recovery from over 20 minutes to under one", "recovery.t99", false, 0.05},
		{"collaboration", "sessions die under heavy use: 95 % fewer user-visible errors", "avail.msg", true, 0.05},
	}
}

// FindCase looks a case study up by its name.
func FindCase(name string) (Case, error) {
	var names []string
	for _, c := range Cases() {
		if c.Name == name {
			return c, nil
		}
		names = append(names, c.Name)
	}
	return Case{}, fmt.Errorf("there is no case %q; expected one of: %s", name, strings.Join(names, ", "))
}

// The arms of a case.
const (
	Before = "before"
	After  = "after"
)

// InCase says whether a scenario of the library is one of a case's pair.
func InCase(scenario string) bool {
	return slices.ContainsFunc(Cases(), func(c Case) bool {
		return scenario == c.Name+"-"+Before || scenario == c.Name+"-"+After
	})
}

// Arms of the case. With healing off, the after has the policy, the endpoints and the sharing
// of the before, so that nothing but the claim's own doing is taken away from it; set is what
// --set changes in both.
func (c Case) Arms(healing bool, set []string) []Arm {
	open := func(arm string) func(uint64) (*scenarios.Scenario, error) {
		return func(seed uint64) (*scenarios.Scenario, error) {
			options := scenarios.Options{Set: append(slices.Clone(set), fmt.Sprintf("seed=%d", seed))}
			s, err := scenarios.Open(c.Name+"-"+arm, options)
			if err != nil || arm == Before || healing {
				return s, err
			}
			before, err := scenarios.Open(c.Name+"-"+Before, options)
			if err != nil {
				return nil, err
			}
			s.Clients = before.Clients
			return s, nil
		}
	}
	return []Arm{{Before, open(Before)}, {After, open(After)}}
}

// CaseResult is a pair of runs, judged.
type CaseResult struct {
	Seed    uint64         `json:"seed"`
	Before  float64        `json:"before"`   // in the metric's unit; -1: without end
	After   float64        `json:"after"`    // the same
	Ratio   float64        `json:"ratio"`    // after over before; -1: without end
	Most    float64        `json:"most"`     // that the claim allows
	T99     float64        `json:"t99_s"`    // of the after; -1: never
	Floor   float64        `json:"floor_s"`  // that physics allows of it
	Verdict report.Verdict `json:"verdict"`  // of the claim
	Reasons []string       `json:"reasons"`  // why it is not pass
	Runs    [2]string      `json:"verdicts"` // of the two runs by their own gates
}

// floors is how many floors the recovery of an after may take.
const floors = 2

// Judge holds the claim against a pair of runs. A claim is proven by a before that did what
// it says, which its own gates tell, and by an after that keeps the ratio and recovers within
// twice the floor.
func (c Case) Judge(s *scenarios.Scenario, before, after *report.Summary) CaseResult {
	r := CaseResult{
		Seed: s.Seed, Before: c.value(before), After: c.value(after), Most: c.Most,
		T99: finite(after, "recovery.t99"), Floor: Floor(s, after.Metrics["recovery.lost"]).Seconds(), Verdict: report.Pass,
		Runs: [2]string{string(before.Verdict), string(after.Verdict)},
	}
	switch {
	case math.IsInf(r.After, 1):
		r.Ratio = math.Inf(1)
	case r.Before > 0 && !math.IsInf(r.Before, 1):
		r.Ratio = r.After / r.Before
	}
	unproven := func(v report.Verdict) bool { return v != report.Pass && v != report.Fail }
	switch {
	case unproven(before.Verdict), unproven(after.Verdict), math.IsNaN(r.Before), math.IsNaN(r.After):
		r.verdict(report.Inconclusive, fmt.Errorf("the runs prove nothing: before %s, after %s", before.Verdict, after.Verdict))
	case before.Verdict == report.Fail:
		r.verdict(report.Inconclusive, errors.New("the before is not what it says: "+strings.Join(before.Reasons, "; ")))
	default:
		if !(r.Ratio <= c.Most) {
			r.verdict(report.Fail, fmt.Errorf("the after has %.1f %% of the before, the claim allows %.0f %%", 100*r.Ratio, 100*c.Most))
		}
		if !(r.T99 <= floors*r.Floor) {
			r.verdict(report.Fail, fmt.Errorf("99 %% were back after %s, expected within twice the floor of %.2f s", Seconds(r.T99), r.Floor))
		}
		if after.Verdict == report.Fail {
			r.verdict(report.Fail, errors.New("the after: "+strings.Join(after.Reasons, "; ")))
		}
	}
	// JSON has no infinity.
	for _, x := range []*float64{&r.Before, &r.After, &r.Ratio, &r.T99} {
		if math.IsInf(*x, 1) || math.IsNaN(*x) {
			*x = -1
		}
	}
	return r
}

func (r *CaseResult) verdict(v report.Verdict, why error) {
	r.Verdict, r.Reasons = v, append(r.Reasons, why.Error())
}

func (c Case) value(s *report.Summary) float64 {
	v := finite(s, c.Metric)
	if c.Rest {
		return 1 - v
	}
	return v
}

// finite is a metric's value, +Inf when it has no end, NaN when it has none.
func finite(s *report.Summary, metric string) float64 {
	if v, ok := s.Metrics[metric]; ok {
		return v
	}
	if slices.Contains(s.Unbounded, metric) {
		return math.Inf(1)
	}
	return math.NaN()
}

// Floor is the time in which the targets that are left could serve 99 % of so many clients,
// were every loss noticed at once: p·N/mu. Targets that are
// killed are not left; 0 where a capacity is not known.
func Floor(s *scenarios.Scenario, lost float64) time.Duration {
	var mu float64
	for _, t := range s.Targets {
		killed := slices.ContainsFunc(s.Faults, func(f scenarios.Fault) bool {
			return f.Effect.Kind() == "kill" && slices.Contains(f.Targets(), t.Name)
		})
		if killed {
			continue
		}
		if t.Embedded == nil || t.Embedded.Handshake.Cost == 0 {
			return 0
		}
		mu += float64(t.Embedded.Handshake.Workers) / t.Embedded.Handshake.Cost.Seconds()
	}
	if mu == 0 {
		return 0
	}
	return time.Duration(0.99 * lost / mu * float64(time.Second))
}

// Seed is that of the case's scenarios, as set changes it.
func (c Case) Seed(set []string) (uint64, error) {
	s, err := scenarios.Open(c.Name+"-"+After, scenarios.Options{Set: set})
	if err != nil {
		return 0, err
	}
	return s.Seed, nil
}

// Words are what the claim is about: "1 - avail.time".
func (c Case) Words() string {
	if c.Rest {
		return "1 - " + c.Metric
	}
	return c.Metric
}

// Show is a value of the case with its unit.
func (c Case) Show(v float64) string {
	if c.Rest {
		return Percent(v)
	}
	return Seconds(v)
}

// Percent is a share in words, of which -1 has no end.
func Percent(v float64) string {
	if v < 0 {
		return "without end"
	}
	return fmt.Sprintf("%.2f %%", 100*v)
}

// Seconds are a time in words, of which -1 is never over.
func Seconds(v float64) string {
	if v < 0 || math.IsInf(v, 1) {
		return "never"
	}
	return fmt.Sprintf("%.2f s", v)
}
