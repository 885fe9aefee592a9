package report

import (
	"math"
	"slices"
	"strings"
)

// judge holds the metrics against the run's gates.
func (b *builder) judge(s *Summary) {
	values := s.Values()
	for _, text := range b.run.Gates {
		g, err := ParseGate(text)
		if err != nil {
			s.Gates = append(s.Gates, GateResult{Text: text, Verdict: noData, Why: err.Error()})
			continue
		}
		for _, name := range g.Metrics() {
			if metric, of := Scope(name); of != "" {
				if v, ok := s.told(metric, of); ok && !(s.Ended.early() && math.IsInf(v, 0)) {
					values[name] = v
				}
			}
		}
		res := g.Judge(values)
		if g.Of == "" {
			res.N, res.Few = s.Samples[g.Metric], s.few(g.Metric)
			res.Low, res.High = b.interval(s, g.Metric)
		}
		switch {
		case s.Ended.Reason == aborted && s.Ended.Gate == g.Text:
			// What broke it may have mended while the run was being ended.
			res.Verdict, res.Why = string(Fail), s.Ended.Why
		case s.Ended.Gate != "" && (res.Unbounded || slices.Contains(onlyAtTheEnd, g.Metric)):
			// It would have had its time without the other.
			res = GateResult{Text: g.Text, Metric: g.Metric, Unit: res.Unit, Verdict: noData, Why: "another gate ended the run before"}
		case res.Verdict != noData:
		case b.run.lacks(g.Metric) != "":
			res.Why = "it needs " + b.run.lacks(g.Metric)
		case b.run.Rate == 0 && ofMessages(g.Metric):
			res.Why = "the scenario has no load"
		case s.Ended.early():
			res.Why = "the run ended early"
		}
		s.Gates = append(s.Gates, res)
	}
}

// interval is the interval of 95 % of a percentile, from the ranks of its sample: in this
// run, of its clients or messages. What another run would show is for comparisons to say:
// all of one run's clients share its faults.
func (b *builder) interval(s *Summary, metric string) (low, high *float64) {
	parts := strings.Split(metric, ".")
	q, ok := quantileOf(parts[len(parts)-1])
	if !ok {
		return nil, nil
	}
	var at func(rank int64) int64
	var n int64
	switch {
	case parts[0] == "recovery" && len(parts) == 3 && parts[1] == "client":
		times := b.recovery.times()
		n, at = int64(len(times)), func(rank int64) int64 { return times[rank-1] }
	case b.latency != nil && (parts[0] == "latency" || parts[0] == "service" || parts[0] == "gap"):
		kind, phase := map[string]string{"latency": "response", "service": "service", "gap": "gap"}[parts[0]], "all"
		if len(parts) == 3 {
			phase = parts[1]
		}
		x, row := b.latency.sums[seriesName{kind, phase, "all"}], s.row(phase, "all", kind)
		if x == nil || row == nil {
			return nil, nil
		}
		n = x.n() + row.Lost
		at = func(rank int64) int64 {
			if rank > x.n() {
				return -1
			}
			return x.at(rank)
		}
	}
	if n == 0 {
		return nil, nil
	}
	from, to := ranks(q, n)
	bound := func(rank int64) *float64 {
		if rank < 1 || rank > n {
			return nil
		}
		if ns := at(rank); ns >= 0 {
			return new(float64(ns) / 1e9)
		}
		return nil
	}
	return bound(from), bound(to)
}

// quantileOf is the share that the last part of a metric's name stands for; a maximum has
// no interval.
func quantileOf(name string) (float64, bool) {
	q, ok := map[string]float64{"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99_9": 0.999}[name]
	return q, ok
}

// times are the outages in ascending order, those that are not over last and as -1.
func (r *recovery) times() []int64 {
	out := make([]int64, 0, len(r.samples))
	for _, s := range r.samples {
		t := int64(math.MaxInt64)
		if s.healed {
			t = s.to - s.from
		}
		out = append(out, t)
	}
	slices.Sort(out)
	for i, t := range out {
		if t == math.MaxInt64 {
			out[i] = -1
		}
	}
	return out
}

// ranks are those of the values between which quantile q of the population lies with 95 %,
// whatever its distribution, by the binomial one of how many of n values are below it: 0 and
// n+1 where there is no such value. Above ten thousand values the normal one is as good.
func ranks(q float64, n int64) (low, high int64) {
	const tail = 0.025
	if n > 10_000 {
		mean, sd := q*float64(n), math.Sqrt(float64(n)*q*(1-q))
		z := math.Sqrt2 * math.Erfinv(1-2*tail)
		return max(0, int64(math.Floor(mean-z*sd))), min(n+1, int64(math.Ceil(mean+z*sd))+1)
	}
	below, found := 0.0, false
	logN, _ := math.Lgamma(float64(n) + 1)
	high = n + 1
	for k := int64(0); k <= n; k++ {
		a, _ := math.Lgamma(float64(k) + 1)
		c, _ := math.Lgamma(float64(n-k) + 1)
		below += math.Exp(logN - a - c + float64(k)*math.Log(q) + float64(n-k)*math.Log1p(-q)) // P(X <= k)
		if !found && below > tail {
			low, found = k, true
		}
		if below >= 1-tail {
			return low, k + 1
		}
	}
	return low, high
}
