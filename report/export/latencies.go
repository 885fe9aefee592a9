package export

import (
	"slices"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/wsheal/wsheal/report"
)

// sum is the answers of one series, and how many more were lost.
type sum struct {
	hist *hdrhistogram.Histogram
	lost int64
}

// add merges a histogram. Values beyond an hour count as of one, as in the report.
func (x *sum) add(h *hdrhistogram.Histogram) {
	if beyond := x.hist.Merge(h); beyond > 0 {
		_ = x.hist.RecordValues(int64(time.Hour), beyond) // the histogram was made for it
	}
}

// latencies are the series of latency.hlog, its intervals merged.
type latencies struct {
	s      *report.Summary
	wanted func(series) bool
	seen   map[series]bool
	sums   map[series]*sum // those wanted; each takes 192 KB
}

// seriesMost bounds the series of a log: kinds, phases and cohorts make a few dozen.
const seriesMost = 256

// readLatencies merges the log's intervals by kind, phase and cohort, and over phases and
// cohorts: "all" phases are those but warmup. Lines that the report warns of are left out
// here, too.
func readLatencies(s Source, wanted func(series) bool) (*latencies, error) {
	if s.Hlog == nil {
		return nil, errNoLog
	}
	log, err := s.Hlog()
	if err != nil {
		return nil, err
	}
	defer log.Close()
	all := &latencies{s: s.Summary, wanted: wanted, seen: map[series]bool{}, sums: map[series]*sum{}}
	settled := settledFrom(s.Summary)
	r := report.NewHlogReader(log)
	for r.Scan() {
		iv := r.Interval()
		parts := strings.Split(iv.Tag, ".")
		if len(parts) != 3 {
			continue
		}
		cohort := "faulted"
		if parts[2] == "control" {
			cohort = "control"
		}
		phases := []string{parts[1]}
		if parts[1] != "warmup" {
			phases = append(phases, "all")
			if settled > 0 && iv.From >= settled {
				phases = append(phases, "settled")
			}
		}
		for _, phase := range phases {
			all.add(series{parts[0], phase, cohort}, iv.Hist)
			all.add(series{parts[0], phase, "all"}, iv.Hist)
		}
	}
	return all, r.Err()
}

// settledFrom is when the whole fleet had been back for the hold time after the last fault;
// 0: never.
func settledFrom(s *report.Summary) (from int64) {
	if !s.Recovery.Held {
		return 0
	}
	for _, f := range s.Faults {
		if f.Commanded > 0 {
			from = max(from, f.Confirmed+f.Fleet.T100+s.Run.Hold)
		}
	}
	return from
}

func (l *latencies) add(name series, h *hdrhistogram.Histogram) {
	if !l.seen[name] && len(l.seen) >= seriesMost {
		return
	}
	l.seen[name] = true
	if !l.wanted(name) {
		return
	}
	x := l.sums[name]
	if x == nil {
		x = &sum{hist: hdrhistogram.New(int64(time.Microsecond), int64(time.Hour), 3), lost: lostOf(l.s, name)}
		l.sums[name] = x
	}
	x.add(h)
}

// of returns one series. The error lists those that there are.
func (l *latencies) of(name series) (*sum, error) {
	if x := l.sums[name]; x != nil {
		return x, nil
	}
	if len(l.seen) == 0 {
		return nil, &LackError{"latency.hlog has no answers"}
	}
	return nil, &LackError{"latency.hlog has no series " + name.String() + "; expected one of " + strings.Join(l.names(), ", ")}
}

func (l *latencies) names() []string {
	var out []string
	for name := range l.seen {
		out = append(out, name.String())
	}
	slices.Sort(out)
	return out
}
