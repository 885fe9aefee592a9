package report

import "math"

// faults gathers the edges and the evidence of each fault. Edges are placed by their own
// times: the confirmed edge comes from the proxy's clock reading and may be written after
// what it caused.
type faults struct {
	order   []string
	results map[string]*FaultResult
	warn    func(format string, args ...any)
}

func newFaults(run *Run, warn func(string, ...any)) *faults {
	f := &faults{results: map[string]*FaultResult{}, warn: warn}
	for _, in := range run.Faults {
		if f.results[in.Name] != nil {
			continue
		}
		f.order = append(f.order, in.Name)
		f.results[in.Name] = &FaultResult{Intended: in}
	}
	return f
}

// Add takes a record; false when it is an edge that does not count: of an unknown fault,
// or a second command.
func (f *faults) Add(rec Record) bool {
	if rec.Fault == nil {
		return true
	}
	r := f.results[rec.Fault.Name]
	if r == nil {
		f.warn("fault %q is not one of the run's; skipped", brief(rec.Fault.Name))
		return false
	}
	switch rec.Fault.Edge {
	case "commanded":
		if r.Commanded != 0 {
			f.warn("fault %q is commanded a second time; skipped", brief(rec.Fault.Name))
			return false
		}
		r.Commanded = rec.T
	case "confirmed":
		if r.Confirmed == 0 {
			r.Confirmed = rec.T
		}
	case "cleared":
		r.Cleared = rec.T
	case "failed":
		if r.Why == "" {
			r.Why = rec.Fault.Error
		}
	case "evidence":
		r.Evidence = *rec.Fault
	default:
		f.warn("fault %q has an edge %q, expected commanded, confirmed, cleared, failed or evidence", brief(rec.Fault.Name), brief(rec.Fault.Edge))
	}
	return true
}

// over is when the fault no longer stood in the way of healing; 0: never, or not known.
func (r *FaultResult) over() int64 {
	if r.For == 0 {
		return r.Confirmed
	}
	return r.Cleared
}

// commanded are the faults that were, in order of their commands.
func (f *faults) commanded() []*FaultResult {
	var out []*FaultResult
	for _, name := range f.order {
		r := f.results[name]
		if r.Commanded == 0 {
			continue
		}
		at := len(out)
		for at > 0 && out[at-1].Commanded > r.Commanded {
			at--
		}
		out = append(out[:at], append([]*FaultResult{r}, out[at:]...)...)
	}
	return out
}

// cleared is when the last fault was over: 0 without faults, the end of time when one
// never was.
func (f *faults) cleared() int64 {
	var last int64
	for _, r := range f.commanded() {
		if r.over() == 0 {
			return math.MaxInt64
		}
		last = max(last, r.over())
	}
	return last
}

// next is the command that follows the i-th of the commanded faults.
func next(commanded []*FaultResult, i int) int64 {
	for _, r := range commanded[i+1:] {
		if r.Commanded > commanded[i].Commanded {
			return r.Commanded
		}
	}
	return math.MaxInt64
}

// Result lists the faults as the scenario does, the state of each in words.
func (f *faults) Result() []FaultResult {
	out := make([]FaultResult, 0, len(f.order))
	for _, name := range f.order {
		r := *f.results[name]
		if r.Fleet.Zero == 0 {
			r.Fleet = Marks{T50: -1, T90: -1, T99: -1, T100: -1}
		}
		r.State = r.Evidence.State
		switch {
		case r.Evidence.Why != "" && r.Why != "":
			r.Why = r.Evidence.Why + "; " + r.Why
		case r.Evidence.Why != "":
			r.Why = r.Evidence.Why
		}
		if r.State == "" {
			r.State = "unverifiable"
			if r.Why == "" {
				r.Why = "the journal has no evidence of it"
			}
			if r.Commanded == 0 {
				r.Why = "it was never commanded"
			}
		}
		out = append(out, r)
	}
	return out
}
