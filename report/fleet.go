package report

import "slices"

// Names of the phases that the definitions speak of.
const (
	warmup   = "warmup"
	baseline = "baseline"
	verify   = "verify"
	settled  = "settled"
)

// isUsable says whether a client in this phase of its life can be used: a validated
// exchange has happened on its connection, which is not known to have ended. One that
// moves has its old connection until the new one has proved itself.
func isUsable(phase string) bool {
	switch phase {
	case "ready", "stable", "suspect", "checking", "moving", "joining":
		return true
	}
	return false
}

// fleet follows how many clients are usable, from event to event and not sampled: the
// baseline, the times below each level of it, and availability.
type fleet struct {
	hold    int64
	clients int // of the run
	usable  byClient[bool]
	n       int   // usable now
	now     int64 // up to which everything is summed
	phase   string
	since   int64 // when the phase began

	baselineFrom int64 // when the baseline began
	fault        bool  // one has been commanded

	spent     map[int]int64 // baseline: ns with so many clients usable
	frozen    bool          // the baseline is over
	base      float64       // median usable clients over it; 0: none
	levels    [4]recoveryLevel
	whole     bool // usable >= base
	wholeFrom int64

	measuring bool
	up, due   float64 // client-ns
}

// recoveryLevel remembers when the fleet was below a share of its baseline. Gaps shorter
// than the hold time do not end an outage, so there can be no more of them than the run
// has hold times.
type recoveryLevel struct {
	share   float64
	below   bool
	outages []outage
}

// outage is a time below a level; to is meaningless while it is open.
type outage struct {
	from, to int64
	open     bool
}

func newFleet(run *Run) *fleet {
	f := &fleet{hold: run.Hold, clients: run.Clients, spent: map[int]int64{}}
	for i, share := range [...]float64{0.5, 0.9, 0.99, 1} {
		f.levels[i].share = share
	}
	return f
}

func (f *fleet) Add(rec Record) {
	f.advance(rec.T)
	switch {
	case rec.Phase != nil:
		if f.phase == baseline {
			f.freeze()
		}
		f.phase, f.since = rec.Phase.Name, rec.T
		if f.phase == baseline {
			f.baselineFrom = rec.T
		}
		f.measuring = f.measuring || f.phase != warmup
	case rec.Fault != nil && rec.Fault.Edge == "commanded":
		f.fault = true
		f.freeze()
	case rec.Step != nil:
		was, is := f.usable.at(rec.Step.Client), isUsable(rec.Step.To)
		if is == *was {
			return
		}
		*was = is
		if is {
			f.n++
		} else {
			f.n--
		}
		f.compare()
	}
}

// advance sums up the time until t.
func (f *fleet) advance(t int64) {
	d := t - f.now
	if d <= 0 {
		return
	}
	f.now = t
	if f.measuring {
		// The conversions keep machines that can multiply and add in one go from doing so:
		// the same journal gives the same bytes everywhere.
		f.up += float64(float64(f.n) * float64(d))
		f.due += float64(float64(f.clients) * float64(d))
	}
	if f.phase == baseline && !f.frozen {
		f.spent[f.n] += d
	}
}

// freeze ends the baseline: from here on the fleet is held against its median.
func (f *fleet) freeze() {
	if f.frozen {
		return
	}
	f.frozen = true
	f.base = median(f.spent)
	f.compare()
}

// median of a step function: the value that it is at or below for half of the time.
func median(spent map[int]int64) float64 {
	values := make([]int, 0, len(spent))
	var total int64
	for v, d := range spent {
		values = append(values, v)
		total += d
	}
	slices.Sort(values)
	var sum int64
	for _, v := range values {
		if sum += spent[v]; sum >= total-sum {
			return float64(v)
		}
	}
	return 0
}

// compare opens and ends outages at the present moment.
func (f *fleet) compare() {
	if f.base == 0 {
		return
	}
	for i := range f.levels {
		l := &f.levels[i]
		below := float64(f.n) < l.share*f.base-1e-9
		if below == l.below {
			continue
		}
		l.below = below
		last := len(l.outages) - 1
		switch {
		case !below:
			l.outages[last].to, l.outages[last].open = f.now, false
		case last >= 0 && f.now-l.outages[last].to < max(f.hold, 1):
			l.outages[last].open = true
		default:
			l.outages = append(l.outages, outage{from: f.now, open: true})
		}
	}
	if whole := !f.levels[3].below; whole && !f.whole {
		f.wholeFrom = f.now
	}
	f.whole = !f.levels[3].below
}

// calm says whether nothing was going on from a moment until now: the baseline, the verify
// phase, or the whole fleet usable for the hold time before it.
func (f *fleet) calm(from int64) bool {
	quiet := f.phase == baseline && !f.fault || f.phase == verify
	if quiet && f.since <= from {
		return true
	}
	return f.whole && f.measuring && from-f.wholeFrom >= f.hold
}

// marks are the recovery times from a zero, given the next fault's command: each is the
// end of the last outage that began before that, so that the fleet did not only come back
// but stayed. A later fall is the next fault's, though an outage that began before, and
// was not over for the hold time, may last beyond it.
func (f *fleet) marks(zero, next int64) Marks {
	if zero == 0 || f.base == 0 {
		return Marks{T50: -1, T90: -1, T99: -1, T100: -1}
	}
	at := func(l int) int64 {
		for _, o := range slices.Backward(f.levels[l].outages) {
			switch {
			case o.from >= next:
				continue
			case !o.open && o.to <= zero:
				return 0
			case o.open || f.now-o.to < f.hold:
				return -1
			}
			return o.to - zero
		}
		return 0
	}
	return Marks{Zero: zero, T50: at(0), T90: at(1), T99: at(2), T100: at(3)}
}

// worst joins the marks of several faults.
func worst(all []Marks) Marks {
	out := Marks{T50: -1, T90: -1, T99: -1, T100: -1}
	first := true
	for _, m := range all {
		if m.Zero == 0 {
			continue
		}
		if first {
			out, first = m, false
			continue
		}
		if later(m.T100, out.T100) || m.T100 == out.T100 && later(m.T99, out.T99) {
			out.Zero = m.Zero
		}
		for _, p := range [...]struct {
			to   *int64
			from int64
		}{{&out.T50, m.T50}, {&out.T90, m.T90}, {&out.T99, m.T99}, {&out.T100, m.T100}} {
			if later(p.from, *p.to) {
				*p.to = p.from
			}
		}
	}
	return out
}

// later orders recovery times; -1, not reached, is the latest.
func later(a, b int64) bool {
	return b >= 0 && (a < 0 || a > b)
}
