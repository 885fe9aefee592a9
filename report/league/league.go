package league

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/report/compare"
)

// Entry is a run of a trial.
type Entry struct {
	Scenario string
	Policy   string // as the trial calls it
	About    string // what the scenario is about
	Run      compare.Run
	Mu       float64 // handshakes a second of all targets together; 0: not known
	After    float64 // s from when capacity returned to the run's end: what a recovery that was not reached had
}

// Table is how the policies of a trial stand. Its verdict is that of the gates, and
// inconclusive where a policy has no run that proves something.
type Table struct {
	Schema    int            `json:"schema"`
	Verdict   report.Verdict `json:"verdict"`
	Reasons   []string       `json:"reasons"` // why it is not pass
	Plan      Plan           `json:"plan"`
	Version   string         `json:"version"` // of wsheal
	Host      string         `json:"host"`
	Scenarios []Standings    `json:"scenarios"`
	Judged    []Judged       `json:"judged"`
}

// Standings are the policies in one scenario, the soonest back first.
type Standings struct {
	Scenario string         `json:"scenario"`
	About    string         `json:"about"`
	Clients  int            `json:"clients"` // most that lost their connection in a run
	Mu       float64        `json:"mu"`      // handshakes a second; 0: not known
	Floor    compare.Number `json:"floor"`   // F, s; null: not known
	Rows     []Row          `json:"rows"`
}

// Row is one policy in one scenario. Durations are in seconds, from when capacity returned.
type Row struct {
	Policy     string         `json:"policy"`
	Front      bool           `json:"front"` // on the Pareto front of t99 and peak
	Told       bool           `json:"told"`  // the capacity
	Verdict    report.Verdict `json:"verdict"`
	Runs       int            `json:"runs"`     // that prove something
	LeftOut    int            `json:"left_out"` // that do not
	Passed     int            `json:"passed"`   // runs that kept the scenario's gates
	T50        Figure         `json:"t50"`
	T99        Figure         `json:"t99"`
	T100       Figure         `json:"t100"`
	Peak       Figure         `json:"peak"`  // attempts in the worst second, share of the clients lost
	Sigma      Figure         `json:"sigma"` // the same, over mu
	Amp        Figure         `json:"amp"`
	Sync       Figure         `json:"sync"`
	Lost       Figure         `json:"lost"`     // messages
	Unhealed   Figure         `json:"unhealed"` // clients that were not back at the end
	Efficiency Figure         `json:"efficiency"`
	After      compare.Number `json:"after"` // s that a recovery had at most
	Why        string         `json:"why,omitempty"`
}

// Judged is what came of a gate in one scenario.
type Judged struct {
	Gate       Gate                `json:"gate"`
	Scenario   string              `json:"scenario"`
	Verdict    report.Verdict      `json:"verdict"`
	Why        string              `json:"why,omitempty"`
	Comparison *compare.Comparison `json:"comparison,omitempty"` // nil: there was nothing to compare
}

// Build makes the table of a trial from the runs that there are.
func Build(p Plan, entries []Entry) (*Table, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	if len(entries) == 0 {
		return nil, fmt.Errorf("the trial has no runs, expected %d", len(p.Scenarios)*len(p.Policies)*p.Rounds)
	}
	t := &Table{
		Schema: Schema, Verdict: report.Pass, Reasons: []string{}, Plan: p, Judged: []Judged{},
		Version: entries[0].Run.Version, Host: entries[0].Run.Host,
	}
	for _, scenario := range p.Scenarios {
		t.Scenarios = append(t.Scenarios, t.standings(scenario, entries))
	}
	for _, g := range p.Gates {
		for _, scenario := range p.Scenarios {
			t.judge(g, scenario, entries)
		}
	}
	return t, nil
}

func (t *Table) standings(scenario string, entries []Entry) Standings {
	s := Standings{Scenario: scenario, Floor: unknown}
	var floors []float64
	for _, e := range entries {
		if e.Scenario != scenario {
			continue
		}
		s.About, s.Mu = e.About, max(s.Mu, e.Mu)
		s.Clients = max(s.Clients, int(e.Run.Measured["recovery.lost"]))
		if f := e.floor(); f > 0 && e.proves() {
			floors = append(floors, f)
		}
	}
	if len(floors) > 0 {
		slices.Sort(floors)
		s.Floor = compare.Number(middle(floors))
	}
	for _, policy := range t.Plan.Policies {
		row := rowOf(policy, slices.DeleteFunc(slices.Clone(entries), func(e Entry) bool {
			return e.Scenario != scenario || e.Policy != policy
		}))
		row.Told = slices.Contains(t.Plan.Told, policy)
		if row.Runs == 0 {
			t.open(fmt.Sprintf("%s, %s: %s", scenario, policy, row.Why))
		}
		s.Rows = append(s.Rows, row)
	}
	front(s.Rows)
	slices.SortStableFunc(s.Rows, func(a, b Row) int {
		return cmp.Or(cmpLast(a.Runs == 0, b.Runs == 0), cmp.Compare(a.T99.Mid, b.T99.Mid),
			cmp.Compare(a.Unhealed.Mid, b.Unhealed.Mid), cmp.Compare(a.Peak.Mid, b.Peak.Mid))
	})
	return s
}

// cmpLast puts what is true behind what is not.
func cmpLast(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// open is something that is not proven.
func (t *Table) open(why string) {
	t.Reasons = append(t.Reasons, why)
	if t.Verdict == report.Pass {
		t.Verdict = report.Inconclusive
	}
}

func (t *Table) judge(g Gate, scenario string, entries []Entry) {
	side := func(policy string) (out []compare.Run) {
		for _, e := range entries {
			if e.Scenario == scenario && e.Policy == policy {
				out = append(out, e.Run)
			}
		}
		return out
	}
	j := Judged{Gate: g, Scenario: scenario, Verdict: report.Inconclusive}
	c, err := compare.Compare(side(g.Policy), side(g.Than), nil, t.Plan.Rule)
	if err != nil {
		j.Why = err.Error()
	} else {
		j.Comparison, j.Verdict = c, c.Verdict
		if len(c.Reasons) > 0 {
			j.Why = c.Reasons[0]
		}
	}
	why := fmt.Sprintf("%s, gate %s: %s", scenario, g, j.Why)
	switch j.Verdict {
	case report.Pass:
	case report.Fail:
		t.Verdict, t.Reasons = report.Fail, append([]string{why}, t.Reasons...)
	default:
		t.open(why)
	}
	t.Judged = append(t.Judged, j)
}

func (e Entry) proves() bool {
	return e.Run.Verdict == report.Pass || e.Run.Verdict == report.Fail
}

// floor is F in seconds, 0 where it is not known.
func (e Entry) floor() float64 {
	if f := e.Run.Measured["recovery.floor"]; f > 0 {
		return f
	}
	if e.Mu <= 0 {
		return 0
	}
	return math.Ceil(0.99*e.Run.Measured["recovery.lost"]-1e-9) / e.Mu
}

// WriteJSON writes the table, indented; the same table is the same bytes.
func (t *Table) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(t)
}
