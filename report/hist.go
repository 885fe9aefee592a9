package report

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Range of the latency histograms, ns. Three significant digits; what lies beyond the
// ceiling is counted at it. An hour is longer than any outage that is waited for, and a
// histogram to it takes 192 KB, a quarter more than one to two minutes: its size grows with
// the doublings. In latency.hlog it is no larger, as zeros are not written.
const (
	lowest  = int64(time.Microsecond)
	ceiling = int64(time.Hour)
	digits  = 3
)

func newHist() *hdrhistogram.Histogram { return hdrhistogram.New(lowest, ceiling, digits) }

// series is a histogram with what it cannot keep: the exact maximum.
type series struct {
	hist *hdrhistogram.Histogram
	max  int64
}

func newSeries() *series { return &series{hist: newHist()} }

func (s *series) record(ns int64) {
	ns = min(max(ns, 0), ceiling)
	s.max = max(s.max, ns)
	// The value was just brought inside the range that the histogram was made for.
	_ = s.hist.RecordValue(ns)
}

// merge adds another histogram. Those of another range are cut to this one's.
func (s *series) merge(h *hdrhistogram.Histogram, maximum int64) {
	if dropped := s.hist.Merge(h); dropped > 0 {
		_ = s.hist.RecordValues(ceiling, dropped)
	}
	s.max = max(s.max, min(maximum, ceiling))
}

func (s *series) reset() { s.hist.Reset(); s.max = 0 }

func (s *series) n() int64 { return s.hist.TotalCount() }

// at returns the value of rank k of the values in ascending order, 1 <= k <= n.
func (s *series) at(k int64) int64 {
	if k >= s.n() {
		return s.max
	}
	return min(s.hist.ValueAtPercentile(100*float64(k)/float64(s.n())), s.max)
}

// prompt is how soon an answer has to come for its message to count as answered in time.
const prompt = int64(time.Second)

// within counts the values up to a limit. Those within the histogram's precision of it,
// 0.1 %, may fall on either side.
func (s *series) within(limit int64) (n int64) {
	for _, bar := range s.hist.Distribution() {
		if bar.From <= limit {
			n += bar.Count
		}
	}
	return n
}

// quantile is the nearest-rank quantile, q in 0 to 1, over the values and lost more that
// are beyond any of them: -1 when it falls among those, and when there is nothing at all.
func (s *series) quantile(q float64, lost int64) int64 {
	k := rank(q, s.n()+lost)
	if k > s.n() || k == 0 {
		return -1
	}
	return s.at(k)
}

// rank is the nearest rank of quantile q among n, from 1; 0 when n is 0.
func rank(q float64, n int64) int64 {
	k := int64(math.Ceil(q*float64(n) - 1e-6)) // 0.999 × 1000 is a trifle above 999 in floating point
	return min(max(k, 1), n)
}

// seriesName names one series of latencies; its tag in latency.hlog is "kind.phase.cohort".
type seriesName struct {
	kind   string // response (from the intended time), service (from the actual send)
	phase  string // of the intended time
	cohort string // control, or the faults whose cohorts have the client: "f0-f2"
}

func (n seriesName) tag() string { return n.kind + "." + n.phase + "." + n.cohort }

// Latency records latencies, to be written interval by interval. It is not safe for
// concurrent use: hold one per shard, each under its own lock, and Drain them into one
// that is flushed and asked.
//
//	shards ─Record─▶ Latency ─Drain─▶ Latency ─Flush─▶ latency.hlog
//	                                     └──Quantiles─▶ steady state
type Latency struct {
	interval map[seriesName]*series // since the last Flush or Drain
	flushed  map[seriesName]*series // before it
}

// NewLatency returns an empty recorder. A series takes 192 KB from when something is
// recorded in it until nothing was between two calls of Drain.
func NewLatency() *Latency {
	return &Latency{interval: map[seriesName]*series{}, flushed: map[seriesName]*series{}}
}

// Record adds one latency in ns to the series of a kind ("response" from the intended
// time, "service" from the actual send), the phase of the intended time, and a cohort:
// "control", or the faults whose cohorts have the client, by their places in Run.Faults in
// ascending order: "f0", "f1", "f0-f1". Negative ones count as 0, those beyond an hour as an hour.
func (l *Latency) Record(kind, phase, cohort string, ns int64) {
	grow(l.interval, seriesName{kind, phase, cohort}).record(ns)
}

// grow returns the named series, and makes it where there is none yet.
func grow[N comparable](all map[N]*series, name N) *series {
	x := all[name]
	if x == nil {
		x = newSeries()
		all[name] = x
	}
	return x
}

// Drain moves what was recorded in l since the last call into another recorder.
func (l *Latency) Drain(into *Latency) { move(l.interval, into.interval) }

// move empties one set of series into another. Those that nothing came into since the last
// call are let go: of every shard, phase and cohort that is over, memory would remain.
func move(from, to map[seriesName]*series) {
	for name, x := range from {
		if x.n() == 0 {
			delete(from, name)
			continue
		}
		grow(to, name).merge(x.hist, x.max)
		x.reset()
	}
}

// Flush writes what came since the last Flush: one interval line per series that has
// values, in order of their tags. From and to are ns since the run's start. After an
// error the values are still there.
func (l *Latency) Flush(w *HlogWriter, from, to int64) error {
	var batch []Interval
	for name, x := range l.interval {
		if x.n() > 0 {
			batch = append(batch, Interval{Tag: name.tag(), From: from, To: to, Max: x.max, Hist: x.hist})
		}
	}
	slices.SortFunc(batch, func(a, b Interval) int { return cmp.Compare(a.Tag, b.Tag) })
	if err := w.Write(batch...); err != nil {
		return err
	}
	move(l.interval, l.flushed)
	return nil
}

// Quantiles puts together what was recorded or drained into l so far under a kind and a
// phase, cohorts together, with lost messages beyond all of it. It returns what tells the
// q-th quantile of that in ns, q in 0 to 1: -1 when it falls among the lost; ok is false
// when there is nothing at all.
func (l *Latency) Quantiles(kind, phase string, lost int64) func(q float64) (ns int64, ok bool) {
	sum := newSeries()
	for _, part := range []map[seriesName]*series{l.interval, l.flushed} {
		for name, x := range part {
			if name.kind == kind && name.phase == phase {
				sum.merge(x.hist, x.max)
			}
		}
	}
	return func(q float64) (int64, bool) {
		if sum.n()+lost == 0 {
			return 0, false
		}
		return sum.quantile(q, lost), true
	}
}
