package report

import (
	"cmp"
	"math"
	"slices"
)

// recovery follows each client that loses its connection after the first fault's command,
// until it is usable again for good. A client's outage belongs to the fault in force when
// it began; the next fault's command ends what has healed, so that two faults a minute
// apart do not make one outage of a minute.
type recovery struct {
	unseen  bool   // when clients notice their losses is not known
	fault   string // the last one commanded; "": none yet
	clients byClient[patient]
	samples []sample
	losses  int
	now     int64

	tracked  []int // the samples whose tracks are kept
	forgetAt int   // how many are worth going through
}

// patient is one client.
type patient struct {
	usable bool
	lost   bool   // ever, since the first command
	down   bool   // in an outage that is not closed yet, though it may be usable again
	fault  string // in which the outage began
	from   int64  // when it began
	back   int64  // when the client was last usable again
	stages stages // of the outage, while down
}

// sample is one outage of one client.
type sample struct {
	client   int
	fault    string
	from, to int64 // to: of one that is not over, the last that is known of it
	healed   bool
	first    int64 // from the loss to the first attempt; -1: there was none
	attempts int
	parts    parts
	track    track // nil: it is not among the slowest
}

// Add takes a record and what it says of the client's attempts.
func (r *recovery) Add(rec Record, a attempt) {
	r.now = rec.T
	if rec.Fault != nil && rec.Fault.Edge == "commanded" {
		r.clients.each(func(client int, p *patient) {
			if p.down && p.usable {
				r.discharge(client, p)
			}
		})
		r.fault = rec.Fault.Name
	}
	if rec.Step == nil {
		return
	}
	p := r.clients.at(rec.Step.Client)
	was := p.usable
	p.usable = isUsable(rec.Step.To)
	switch {
	case !was && p.usable:
		p.back = rec.T
	case was && !p.usable && r.fault != "" && rec.Step.To != "retired":
		r.losses++
		p.lost = true
		if !p.down {
			p.down, p.fault, p.from = true, r.fault, rec.T
			p.stages = newStages(rec.T)
		}
	}
	// While it stays usable nothing is new: the time is attributed when it is lost.
	if p.down && !(was && p.usable && rec.Step.Cause == "") {
		if rec.Step.Event == "opened" {
			p.stages.opened(rec.T, rec.Step.Connected, rec.Step.Secured)
		}
		p.stages.step(rec.T, rec.Step.To, rec.Step.Cause, a)
	}
}

// discharge closes a client's outage: one that is healed when the client was back, any
// other with what is known by now.
func (r *recovery) discharge(client int, p *patient) {
	s := sample{client: client, fault: p.fault, from: p.from, to: p.back, healed: p.usable}
	if !p.usable {
		s.to = r.now
	}
	s.first, s.attempts, s.parts = p.stages.first, p.stages.attempts, p.stages.close(s.to, p.usable)
	s.track = p.stages.track
	r.tracked = append(r.tracked, len(r.samples))
	r.samples = append(r.samples, s)
	if len(r.tracked) > max(1024, r.forgetAt) {
		r.forget()
	}
	p.down = false
}

// Close returns the clients' part of the result, given the faults in order of their
// commands.
func (r *recovery) Close(faults []*FaultResult) Recovery {
	out := Recovery{Curve: []Point{}}
	if len(faults) == 0 {
		return out
	}
	out.Zero = "confirmed"
	var back []int64
	r.clients.each(func(client int, p *patient) {
		if p.down {
			r.discharge(client, p)
		}
		if !p.lost {
			return
		}
		out.Lost++
		if p.usable {
			out.Healed++
			back = append(back, p.back)
		} else {
			out.Unhealed++
		}
	})
	// Of far clients the order is a map's; from here on outages have their own.
	slices.SortFunc(r.samples, func(a, b sample) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.client, b.client)) })
	edges := map[string]*FaultResult{}
	for _, f := range faults {
		edges[f.Name] = f
	}
	room := func() []int64 { return make([]int64, 0, len(r.samples)) }
	healing, noticing, trying, onset, lag := room(), room(), room(), room(), room()
	for i := range r.samples {
		s := &r.samples[i]
		f := edges[s.fault]
		never := func(ns int64) int64 {
			if !s.healed {
				return math.MaxInt64
			}
			return max(0, ns)
		}
		healing = append(healing, never(s.to-s.from))
		if !s.healed {
			out.Waited = max(out.Waited, s.to-s.from)
		}
		if s.first >= 0 {
			trying = append(trying, s.first)
		}
		if f.Confirmed > 0 {
			if !r.unseen {
				s.parts[detecting] = max(0, s.from-f.Confirmed)
				noticing = append(noticing, s.parts[detecting])
			}
			onset = append(onset, never(s.to-f.Confirmed))
		}
		if over := f.over(); over > 0 {
			lag = append(lag, never(s.to-max(over, s.from)))
		}
	}
	out.Client, out.Detect, out.FirstTry = quantiles(healing), quantiles(noticing), quantiles(trying)
	out.Onset, out.Lag = quantiles(onset), quantiles(lag)
	survival := survive(r.samples)
	if len(survival) > 0 || out.Unhealed > 0 {
		out.Estimate = &Estimate{P50: healedBy(survival, 0.5), P90: healedBy(survival, 0.9), P99: healedBy(survival, 0.99)}
	}
	out.Survival, out.Outages = thin(survival), takeApart(r.samples)
	if zero := faults[0].Confirmed; zero > 0 {
		out.Curve = curve(back, zero, out.Lost)
	}
	return out
}

// losing are the moments at which the outages began.
func (r *recovery) losing() []int64 {
	out := make([]int64, len(r.samples))
	for i, s := range r.samples {
		out[i] = s.from
	}
	return out
}

// quantiles are the nearest-rank quantiles of a sample, math.MaxInt64 standing for what
// has no finite value.
func quantiles(sample []int64) Quantiles {
	n := len(sample)
	if n == 0 {
		return Quantiles{}
	}
	slices.Sort(sample)
	at := func(q float64) int64 {
		v := sample[rank(q, int64(n))-1]
		if v == math.MaxInt64 {
			return -1
		}
		return v
	}
	return Quantiles{N: n, Min: at(0), P50: at(0.5), P90: at(0.9), P99: at(0.99), Max: at(1)}
}

// curvePoints bounds the points of a curve.
const curvePoints = 200

// curve is the share of the lost clients that are back for good, over time since zero.
func curve(back []int64, zero int64, lost int) []Point {
	slices.Sort(back)
	out := []Point{{}}
	step := max(1, (len(back)+curvePoints-1)/curvePoints)
	for i, t := range back {
		if (i+1)%step == 0 || i == len(back)-1 {
			out = append(out, Point{T: max(0, t-zero), V: float64(i+1) / float64(lost)})
		}
	}
	return out
}

// floor is the shortest time from capacity to 99 % of the baseline that mu handshakes per
// second allow, ns: research calls it F, the part of the lost that must come back over mu.
func floor(base float64, lost int, mu float64) int64 {
	if mu <= 0 || base <= 0 {
		return 0
	}
	return nanoseconds(float64(needed(base, lost)) / mu * 1e9)
}

// needed is how many of the lost must come back for 99 % of the baseline.
func needed(base float64, lost int) int {
	return int(max(0, math.Ceil(0.99*base-1e-9)-max(0, base-float64(lost))))
}

// floorNoticed is the same when each loss is known no sooner than it was noticed: k clients
// that can come back from their loss on, or from capacity on if that is later, are served
// one after the other. It is the k-th one's end, ns from capacity; 0 without capacity.
// (The min-plus convolution of arrivals and service, as in network calculus.)
func floorNoticed(losses []int64, capacity int64, k int, mu float64) int64 {
	if mu <= 0 || k <= 0 || k > len(losses) {
		return 0
	}
	slices.Sort(losses)
	served := 0.
	for _, t := range losses[:k] {
		served = max(served, float64(t-capacity)) + float64(1e9/mu)
	}
	return nanoseconds(served)
}
