package report

import "fmt"

// latencyMetrics are the percentiles of response and service times, by phase.
func latencyMetrics(t *metricList) {
	for _, kind := range []struct{ name, family, about string }{
		{"response", "latency.", "Response time, from when a message was due, %s, %s. Lost messages count as slower than any."},
		{"service", "service.", "Service time, from when a message was first sent, %s, %s. Messages that were sent and never answered count as slower than any."},
	} {
		for _, phase := range []string{"all", "baseline", "chaos", "recovery", "settled", "verify"} {
			prefix, when := kind.family+phase+".", "of messages due in the phase "+phase
			switch phase {
			case "all":
				prefix, when = kind.family, "of messages due from the baseline's start on"
			case "settled":
				when = "of answers that came in whole seconds after full recovery and the hold time"
			}
			row := func(s *Summary) *LatencyRow { return s.row(phase, "all", kind.name) }
			for _, q := range latencyQuantiles {
				t.add(prefix+q.name, "s", fmt.Sprintf(kind.about, when, q.words), sourceLatency, func(s *Summary) (float64, bool) {
					r := row(s)
					if r == nil {
						return 0, false
					}
					return seconds(q.of(r), true)
				})
				t.sampled(q.min, func(s *Summary) int64 { r := row(s); return r.N + r.Lost })
			}
		}
	}
}

var latencyQuantiles = []struct {
	name, words string
	min         int64
	of          func(*LatencyRow) int64
}{
	{"p50", "median", trusted(0.5), func(r *LatencyRow) int64 { return r.P50 }},
	{"p90", "90th percentile", trusted(0.9), func(r *LatencyRow) int64 { return r.P90 }},
	{"p99", "99th percentile", trusted(0.99), func(r *LatencyRow) int64 { return r.P99 }},
	{"p99_9", "99.9th percentile", trusted(0.999), func(r *LatencyRow) int64 { return r.P999 }},
	{"max", "longest", trusted(1), func(r *LatencyRow) int64 { return r.Max }},
}

// row is one row of the latency table; nil when there is none, or nothing in it.
func (s *Summary) row(phase, cohort, kind string) *LatencyRow {
	for i := range s.Latency {
		if r := &s.Latency[i]; r.Phase == phase && r.Cohort == cohort && r.Kind == kind && r.N+r.Lost > 0 {
			return r
		}
	}
	return nil
}
