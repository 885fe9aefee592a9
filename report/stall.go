package report

// stall is a late tick of the engine's 10 ms ticker: for that long the whole process did
// not run, whatever the clients were doing. Only the latest of each interval is known.
type stall struct {
	from, to int64 // interval in which the tick came
	late     int64
}

// stalls keeps the intervals whose latest tick was later than stallMin.
type stalls struct {
	all  []stall
	last int64 // end of the interval before
}

// Add takes the engine's own record of an interval.
func (s *stalls) Add(t int64, rec *Harness) {
	if rec.TickMax > stallMin {
		s.all = append(s.all, stall{from: s.last, to: t, late: rec.TickMax})
	}
	s.last = t
}

// within returns the longest of the stalls that may have touched a span, and their sum.
// A tick says when the process stood still no more precisely than its interval does: from
// the interval's beginning less the lateness to its end.
func (s *stalls) within(from, to int64) (longest, sum int64) {
	if from == to {
		return 0, 0
	}
	for _, x := range s.all {
		if x.to > from && x.from-x.late < to {
			longest = max(longest, x.late)
			sum += x.late
		}
	}
	return longest, sum
}

// healing is the span from the first fault's command until the fleet is whole again, the
// last fault is over and the hold time has passed, or until the end: what is measured of
// healing is measured in it. 0, 0 without faults. Full is when the fleet had recovered
// after the last fault, 0: never.
func (b *builder) healing(commanded []*FaultResult, full int64) (from, to int64) {
	if len(commanded) == 0 {
		return 0, 0
	}
	from, to = commanded[0].Commanded, b.last
	if over := max(full, b.faults.cleared()); full > 0 && over < to-b.run.Hold {
		to = over + b.run.Hold
	}
	return from, to
}
