package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Metric is one number that gates can limit. Its name is the same in YAML, JSON, HTML
// and docs.
type Metric struct {
	Name   string
	Unit   string // "s" durations, "share" of 1, "count" plain numbers, "/s" rates
	About  string // definition, one or two sentences
	Source string // where the definition comes from
	Min    int64  // fewest values of its sample that it can be trusted from on; 0: it is counted and rests on no sample
}

// metric is a Metric with its value. The value is taken from the summary alone: +Inf
// where it has no finite one, ok false where there is no data.
type metric struct {
	Metric
	value func(*Summary) (v float64, ok bool)
	n     func(*Summary) int64 // size of the sample; nil where Min is 0
}

// trusted is the fewest values for which a 95 % upper bound of a quantile exists that
// assumes nothing of their distribution: n >= ln 0.05 / ln q. Of a maximum it is 1.
func trusted(q float64) int64 {
	if q >= 1 {
		return 1
	}
	return int64(math.Ceil(math.Log(0.05) / math.Log(q)))
}

// Metrics lists every metric in the order in which they are explained.
func Metrics() []Metric {
	out := make([]Metric, len(metrics))
	for i := range metrics {
		out[i] = metrics[i].Metric
	}
	return out
}

// Lookup finds a metric by its name.
func Lookup(name string) (Metric, bool) {
	for i := range metrics {
		if metrics[i].Name == name {
			return metrics[i].Metric, true
		}
	}
	return Metric{}, false
}

// Values are the run's metrics by name, those without a finite value as +Inf: what
// Gate.Judge takes.
func (s *Summary) Values() map[string]float64 {
	out := make(map[string]float64, len(s.Metrics)+len(s.Unbounded))
	for name, v := range s.Metrics {
		out[name] = v
	}
	for _, name := range s.Unbounded {
		out[name] = math.Inf(1)
	}
	return out
}

// onlyAtTheEnd are the metrics that a run which ended early cannot tell: what is missing
// may have been on its way. The same goes for every metric without a finite value then.
var onlyAtTheEnd = []string{
	"recovery.healed", "recovery.unhealed", "recovery.waited", "clients.usable",
	"messages.lost", "messages.unsent", "messages.in_flight", "messages.broken", "avail.msg", "budget.msg", "balance.after", "balance.shift", "connections.left_over",
}

// early says whether the run ended before its plan did, other than by a broken gate.
func (e End) early() bool { return e.Reason != "complete" && e.Reason != "aborted" }

// measure fills in Metrics and Unbounded from the rest of the summary.
func (s *Summary) measure() {
	early := s.Ended.early()
	s.Metrics, s.Unbounded, s.Samples = map[string]float64{}, []string{}, map[string]int64{}
	for i := range metrics {
		m := &metrics[i]
		v, ok := m.value(s)
		ok = ok && s.Run.lacks(m.Name) == ""
		if ok && !math.IsNaN(v) && m.n != nil {
			s.Samples[m.Name] = m.n(s)
		}
		switch {
		case !ok || math.IsNaN(v):
		case early && (math.IsInf(v, 0) || slices.Contains(onlyAtTheEnd, m.Name)):
		case math.IsInf(v, 0):
			s.Unbounded = append(s.Unbounded, m.Name)
		default:
			s.Metrics[m.Name] = v
		}
	}
	slices.Sort(s.Unbounded)
}

// few says whether a metric rests on a sample that is smaller than what it needs.
func (s *Summary) few(name string) bool {
	n, sampled := s.Samples[name]
	m, _ := Lookup(name)
	return sampled && n < m.Min
}

// unboundedWhy says why a metric has no finite value.
func unboundedWhy(name string) string {
	switch {
	case strings.HasPrefix(name, "latency."), strings.HasPrefix(name, "service."):
		return "the percentile falls among lost messages"
	case strings.HasPrefix(name, "recovery.client."), strings.HasPrefix(name, "recovery.onset."), strings.HasPrefix(name, "recovery.lag."):
		return "the percentile falls among the unhealed"
	case strings.HasPrefix(name, "recovery.estimate."):
		return "the estimate does not come to that share by the end of the run"
	case strings.HasPrefix(name, "recovery."):
		return "not reached and held by the end of the run"
	case name == "storm.amp":
		return "no attempt healed a client"
	}
	return "it has no finite value"
}

// unknownMetric names the nearest metric, where one is near.
func unknownMetric(name string) error {
	best, distance := "", 1+max(len(name)/3, 2)
	for i := range metrics {
		if d := edits(name, metrics[i].Name); d < distance {
			best, distance = metrics[i].Name, d
		}
	}
	if best == "" {
		return fmt.Errorf("unknown metric %q, expected one that `wsheal metrics` lists", brief(name))
	}
	return fmt.Errorf("unknown metric %q, did you mean %s?", brief(name), best)
}

// edits is the number of single-character insertions, deletions and substitutions that
// turn a into b (Levenshtein).
func edits(a, b string) int {
	if len(a) > 100 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
