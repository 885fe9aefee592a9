package export

import (
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/wsheal/wsheal/report"
)

// cell is text from outside as a cell of a table: a spreadsheet shows it, and calculates
// nothing, also where it takes wide signs for their narrow ones; nor does it command a CI runner
// that sees the line.
func cell(text string) string {
	text = visible(text)
	if strings.IndexAny(text, "=+-@:\uff1d\uff0b\uff0d\uff20") == 0 {
		return "'" + text
	}
	return text
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// writeTimeline writes the run over time, a row a step: when it begins in seconds, the
// phase and the faults in force then, usable clients at its end, attempts begun in it and
// how many of them failed; of the load interval in which it lies, answers per second and
// the response p99 in seconds, empty where there is none.
func writeTimeline(w io.Writer, s *report.Summary) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"seconds", "phase", "faults", "usable", "attempts", "failed", "acked_per_second", "response_p99_seconds"}) // Flush has the error
	l := s.Timeline
	for i := range max(len(l.Usable), len(l.Attempts)) {
		at := int64(i) * l.Step
		row := []string{number(float64(at) / 1e9), cell(phaseAt(s, at)), cell(faultsAt(s, at)), count(l.Usable, i), count(l.Attempts, i), count(l.Failed, i), "", ""}
		if l.AckedStep > 0 {
			k := int(at / l.AckedStep)
			if k < len(l.Acked) {
				row[6] = number(l.Acked[k])
			}
			if k < len(l.P99) && l.P99[k] >= 0 {
				row[7] = number(float64(l.P99[k]) / 1e9)
			}
		}
		_ = out.Write(row)
	}
	out.Flush()
	return out.Error()
}

func count(of []int, i int) string {
	if i >= len(of) {
		return ""
	}
	return strconv.Itoa(of[i])
}

func phaseAt(s *report.Summary, at int64) string {
	for _, p := range s.Run.Plan {
		if at >= p.From && at < p.To {
			return p.Name
		}
	}
	return ""
}

// faultsAt names the faults in force: confirmed, and not yet cleared.
func faultsAt(s *report.Summary, at int64) string {
	var names []string
	for _, f := range s.Faults {
		if f.Confirmed > 0 && f.Confirmed < at+s.Timeline.Step && (f.Cleared == 0 || f.Cleared > at) {
			names = append(names, f.Name)
		}
	}
	return strings.Join(names, " ")
}

// writeMetrics writes every metric that has a value, a row each: scenario, policy, name,
// value, unit, the size of the sample that it rests on and the least that it needs, empty
// where it rests on none. Without a finite value it is "+Inf".
func writeMetrics(w io.Writer, s *report.Summary) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"scenario", "policy", "metric", "value", "unit", "n", "needs"}) // Flush has the error
	for _, m := range report.Metrics() {
		v, found := s.Metrics[m.Name]
		value := number(v)
		if slices.Contains(s.Unbounded, m.Name) {
			value, found = "+Inf", true
		}
		if !found {
			continue
		}
		row := []string{cell(s.Run.Scenario), cell(s.Run.Policy), m.Name, value, m.Unit, "", ""}
		if n, sampled := s.Samples[m.Name]; sampled {
			row[5], row[6] = strconv.FormatInt(n, 10), strconv.FormatInt(m.Min, 10)
		}
		_ = out.Write(row)
	}
	out.Flush()
	return out.Error()
}
