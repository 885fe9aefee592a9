package export

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/wsheal/wsheal/report"
)

// writePrometheus writes the text format 0.0.4, for the textfile collector, a push gateway or
// an assertion: every metric as a gauge in base units, one gauge for the verdict, gates and
// faults, and the latencies as classic histograms by kind and phase. Lost messages are in the
// bucket +Inf and in the count; the sum is of those answered, and of them approximate.
func writePrometheus(out io.Writer, s Source) error {
	var sums *latencies
	if s.Hlog != nil {
		var err error
		if sums, err = readLatencies(s, inHistograms); err != nil {
			return err
		}
	}
	w := promWriter{bufio.NewWriter(out), [][2]string{{"scenario", s.Summary.Run.Scenario}, {"policy", s.Summary.Run.Policy}}}
	w.metrics(s.Summary)
	w.verdict(s.Summary)
	w.gates(s.Summary)
	w.faults(s.Summary)
	if sums != nil {
		w.histograms(sums)
	}
	return w.Flush()
}

type promWriter struct {
	*bufio.Writer
	run [][2]string // labels of every sample
}

func (w promWriter) head(name, kind, help string) {
	fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n", name, strings.NewReplacer(`\`, `\\`, "\n", `\n`).Replace(help), name, kind)
}

func (w promWriter) sample(name string, v float64, labels ...[2]string) {
	w.WriteString(name)
	sign := byte('{')
	for _, l := range append(slices.Clone(w.run), labels...) {
		fmt.Fprintf(w, `%c%s="%s"`, sign, l[0], promLabel(l[1]))
		sign = ','
	}
	fmt.Fprintf(w, "} %s\n", promNumber(v))
}

// promLabel escapes a label's value.
func promLabel(text string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(limited(text, 300))
}

func promNumber(v float64) string {
	if math.IsInf(v, 1) {
		return "+Inf"
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// promName is a metric's name in Prometheus' manner, with its base unit.
func promName(m report.Metric) string {
	name := "wsheal_" + strings.ReplaceAll(m.Name, ".", "_")
	switch m.Unit {
	case "s":
		return name + "_seconds"
	case "share":
		return name + "_ratio"
	case "/s":
		return name + "_per_second"
	}
	return name
}

func (w promWriter) metrics(s *report.Summary) {
	values := s.Values()
	for _, m := range report.Metrics() {
		if v, found := values[m.Name]; found {
			w.head(promName(m), "gauge", m.About)
			w.sample(promName(m), v)
		}
	}
}

func (w promWriter) verdict(s *report.Summary) {
	w.head("wsheal_verdict", "gauge", "1 for the run's verdict, 0 for the others.")
	for _, v := range []report.Verdict{report.Pass, report.Fail, report.Inconclusive, report.Invalid} {
		w.sample("wsheal_verdict", truth(s.Verdict == v), [2]string{"verdict", string(v)})
	}
	w.head("wsheal_run_duration_seconds", "gauge", "How long the run took.")
	w.sample("wsheal_run_duration_seconds", float64(s.Duration)/1e9)
}

func (w promWriter) gates(s *report.Summary) {
	if len(s.Gates) == 0 {
		return
	}
	w.head("wsheal_gate_held", "gauge", "1: the gate held, 0: it is broken, NaN: nothing is known of it.")
	told := map[string]bool{}
	for _, g := range s.Gates {
		if label := promLabel(g.Text); told[label] {
			continue
		} else {
			told[label] = true
		}
		v := math.NaN()
		if g.Verdict == string(report.Pass) || g.Verdict == string(report.Fail) {
			v = truth(g.Verdict == string(report.Pass))
		}
		w.sample("wsheal_gate_held", v, [2]string{"gate", g.Text})
	}
}

func (w promWriter) faults(s *report.Summary) {
	if len(s.Faults) == 0 {
		return
	}
	w.head("wsheal_fault_confirmed", "gauge", "1: the fault was in force, acted on its cohort and on nobody else, and ended; 0: it was not.")
	told := map[string]bool{}
	for _, f := range s.Faults {
		if label := promLabel(f.Name); told[label] {
			continue
		} else {
			told[label] = true
		}
		w.sample("wsheal_fault_confirmed", truth(f.State == "confirmed"), [2]string{"fault", f.Name}, [2]string{"kind", f.Kind})
	}
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// buckets of the histograms, seconds.
var buckets = []float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60}

// inHistograms are the series of which no two have the same answer.
func inHistograms(name series) bool {
	return name.cohort == "all" && name.phase != "all" && name.phase != "settled"
}

func (w promWriter) histograms(all *latencies) {
	var names []series
	for name := range all.sums {
		names = append(names, name)
	}
	if len(names) == 0 {
		return
	}
	slices.SortFunc(names, func(a, b series) int { return strings.Compare(a.String(), b.String()) })
	const family = "wsheal_message_latency_seconds"
	w.head(family, "histogram", "Time to the answer by kind (response: from the intended time, service: from the sending) and phase of the intended time; lost messages are in +Inf alone.")
	for _, name := range names {
		x := all.sums[name]
		labels := [][2]string{{"kind", name.kind}, {"phase", name.phase}}
		var n int64
		bars := x.hist.Distribution()
		for _, le := range buckets {
			for len(bars) > 0 && bars[0].From <= int64(le*1e9) { // a value within 0.1 % of the limit may fall on either side
				n, bars = n+bars[0].Count, bars[1:]
			}
			w.sample(family+"_bucket", float64(n), append(labels, [2]string{"le", promNumber(le)})...)
		}
		due := float64(x.hist.TotalCount() + x.lost)
		w.sample(family+"_bucket", due, append(labels, [2]string{"le", "+Inf"})...)
		w.sample(family+"_sum", x.hist.Mean()*float64(x.hist.TotalCount())/1e9, labels...)
		w.sample(family+"_count", due, labels...)
	}
}
