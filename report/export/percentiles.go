package export

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/wsheal/wsheal/report"
)

// ticks is how many rows a table of percentiles has for each halving of the distance to
// 100 %, as HdrHistogram's own writers have them.
const ticks = 5

// writePercentiles writes the percentiles of one series in the text form that the
// HdrHistogram libraries print and their plotters read: values in ms.
//
//	Value     Percentile TotalCount 1/(1-Percentile)
//
//	0.650 0.500000000000       5012           2.00
//
// Lost messages are slower than any answer: the percentiles are of all messages due, and the
// table ends where the lost ones begin.
func writePercentiles(which series) func(io.Writer, Source) error {
	return func(out io.Writer, s Source) error {
		all, err := readLatencies(s, func(name series) bool { return name == which })
		if err != nil {
			return err
		}
		x, err := all.of(which)
		if err != nil {
			return err
		}
		w := bufio.NewWriter(out)
		fmt.Fprintf(w, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)")
		percentiles(w, x)
		fmt.Fprintf(w, "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n", x.hist.Mean()/1e6, x.hist.StdDev()/1e6)
		fmt.Fprintf(w, "#[Max     = %12.3f, Total count    = %12d]\n", float64(x.hist.Max())/1e6, x.hist.TotalCount())
		if x.lost > 0 {
			fmt.Fprintf(w, "#[Lost    = %12d, of all due      = %12d]\n", x.lost, x.hist.TotalCount()+x.lost)
		}
		return w.Flush()
	}
}

// percentiles writes the rows. The level rises by a share of what is left to 100 %, halved
// each time that half of it is behind; a row is due at the first value by which the level
// is reached.
func percentiles(w io.Writer, x *sum) {
	due := float64(x.hist.TotalCount() + x.lost)
	row := func(value, n int64, level float64) {
		if level == 100 {
			fmt.Fprintf(w, "%12.3f %.12f %10d\n", float64(value)/1e6, 1.0, n)
			return
		}
		fmt.Fprintf(w, "%12.3f %.12f %10d %14.2f\n", float64(value)/1e6, level/100, n, 1/(1-level/100))
	}
	level, n := 0.0, int64(0)
	for _, bar := range x.hist.Distribution() {
		if bar.Count == 0 {
			continue
		}
		n += bar.Count
		last := float64(n) == due
		for 100*float64(n)/due >= level {
			row(bar.To, n, level)
			halves := math.Exp2(math.Floor(math.Log2(100/(100-level))) + 1)
			level += 100 / (ticks * halves)
			if last {
				row(bar.To, n, 100)
				return
			}
		}
	}
}

// series names latencies: the kind, the phase of the intended time, the cohort.
type series struct{ kind, phase, cohort string }

// wholeRun is what a reader means who names no series.
var wholeRun = series{"response", "all", "all"}

// parseSeries reads "kind.phase" or "kind.phase.cohort".
func parseSeries(text string) (series, error) {
	parts := strings.Split(text, ".")
	if len(parts) == 2 {
		parts = append(parts, "all")
	}
	ok := len(parts) == 3 && slices.Contains([]string{"response", "service", "gap"}, parts[0]) && slices.Contains([]string{"all", "control", "faulted"}, parts[2])
	if !ok || token(parts[1]) != parts[1] {
		return series{}, fmt.Errorf("format hgrm: series %q, expected response, service or gap, a phase or all, and control or faulted if of one cohort, as in hgrm:response.chaos.faulted", limited(text, 40))
	}
	return series{parts[0], parts[1], parts[2]}, nil
}

func (n series) String() string {
	if n.cohort == "all" {
		return n.kind + "." + n.phase
	}
	return n.kind + "." + n.phase + "." + n.cohort
}

var errNoLog = &LackError{"there is no latency.hlog, in which the answers' times are"}

// lostOf is how many messages of a series were never answered; of one cohort it is not
// known.
func lostOf(s *report.Summary, which series) int64 {
	for _, row := range s.Latency {
		if row.Kind == which.kind && row.Phase == which.phase && row.Cohort == which.cohort {
			return row.Lost
		}
	}
	return 0
}
