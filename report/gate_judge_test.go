package report_test

import (
	"math"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/wsheal/wsheal/report"
)

// judged builds a run of two clients and two faults, with gates: the first fault's client is
// back after 1 s, the second's after 3 s; of 40 messages due in chaos 2 are lost.
func judged(t *testing.T, end report.End, gates ...string) *report.Summary {
	t.Helper()
	p := small(t, 2, func(run *report.Run) {
		run.Rate, run.Gates = 10, gates
		run.Faults = []report.Intended{
			{Name: "cut", Kind: "reset", On: "blue", Share: 0.5, At: 2 * sec, Cohort: 1},
			{Name: "late", Kind: "reset", On: "blue", Share: 0.5, At: 6 * sec, Cohort: 1},
		}
	})
	for i, name := range []string{"cut", "late"} {
		at := int64(2+4*i) * sec
		p.edge(at, name, "commanded")
		p.edge(at, name, "confirmed")
		p.lose(at, i, "reset")
		p.up(at+int64(1+2*i)*sec-30*ms, i, "timer", nil) // 30 ms later it is usable
	}
	p.load(10, map[string]report.LoadCount{"baseline": {Intended: 10, Sent: 10, Acked: 10}, "chaos": {Intended: 40, Sent: 40, Acked: 38}}, nil)
	p.latencies(10, many{"response.baseline.control", 10, 5 * ms}, many{"response.chaos.control", 18, 10 * ms}, many{"response.chaos.f0", 20, 20 * ms})
	for _, name := range []string{"cut", "late"} {
		p.evidence(11*sec, name, "confirmed", "")
	}
	p.write(report.Record{T: 20 * sec, End: &end})
	return p.build()
}

func TestGatesOfFaultsAndPhases(t *testing.T) {
	s := judged(
		t, report.End{Reason: "complete"},
		"recovery.t99 < 2s", "recovery.t99@cut < 2s", "recovery.t99@late < 2s", "recovery.t99@late < 4 * recovery.t99@cut",
		"messages.lost@chaos == 2", "messages.lost@baseline == 0", "avail.msg@chaos >= 95%", "messages.lost@verify == 0", "recovery.t99@nobody < 2s",
	)
	type said struct {
		verdict string
		value   float64
		why     string
	}
	want := []said{
		{"fail", 3, "it was 3 s"},
		{"pass", 1, "it was 1 s"},
		{"fail", 3, "it was 3 s"},
		{"pass", 3, "it was 3 s; the limit is 4 s, 4 * recovery.t99@cut (1 s)"},
		{"pass", 2, "it was 2"},
		{"pass", 0, "it was 0"},
		{"pass", 0.95, "it was 95 %"},
		{"no data", 0, "the run has no value for it of verify"},
		{"no data", 0, "the run has no value for it of nobody"},
	}
	for i, g := range s.Gates {
		g.Why = trimZeros(g.Why)
		assert.Equal(t, want[i], said{g.Verdict, math.Round(1e6*g.Value) / 1e6, g.Why}, g.Text)
	}
}

var zeros = regexp.MustCompile(`(\d)\.000 s`)

// trimZeros writes "3.000 s" as "3 s".
func trimZeros(text string) string { return zeros.ReplaceAllString(text, "$1 s") }

// A run that a gate ended has failed by it, even where the rest would hold, or has no data;
// without the gate's name nobody knows why it was ended.
func TestAbortedRunsFail(t *testing.T) {
	const gate = "clients.usable >= 60% or abort"
	s := judged(t, report.End{Reason: "aborted", Why: "it was 50 % at 2.1 s", Gate: gate}, gate, "recovery.t99@nobody < 2s", "messages.lost == 0", "recovery.client.p50 < 1s")
	assert.Equal(t, report.Fail, s.Verdict)
	var verdicts []string
	for _, g := range s.Gates {
		verdicts = append(verdicts, g.Verdict)
	}
	assert.Equal(t, []string{"fail", "no data", "no data", "fail"}, verdicts, "what was lost may have been on its way")
	assert.Len(t, s.Reasons, 2)
	assert.Equal(t, "gate "+gate+" is broken: it was 50 % at 2.1 s", s.Reasons[0])
	s = judged(t, report.End{Reason: "aborted"}, gate)
	assert.Equal(t, report.Inconclusive, s.Verdict)
}

// Percentiles come with their interval, by ranks of the sample: of 50 messages the median's
// is from the 18th to the 32nd (binomial, 96.7 %): the 38 that were answered came in 5 ms (10),
// 10 ms (18) and 20 ms (20), 2 never. That of p99 has no upper bound.
func TestIntervalsOfPercentiles(t *testing.T) {
	s := judged(t, report.End{Reason: "complete"}, "latency.p50 < 1s", "latency.p99 < 1s", "messages.dup == 0", "recovery.client.p50 < 9s")
	bounds := func(i int) (low, high float64) {
		low, high = math.NaN(), math.NaN()
		if p := s.Gates[i].Low; p != nil {
			low = *p
		}
		if p := s.Gates[i].High; p != nil {
			high = *p
		}
		return low, high
	}
	low, high := bounds(0)
	assert.InDelta(t, 0.010, low, 1e-4)
	assert.InDelta(t, 0.020, high, 1e-4)
	low, high = bounds(1)
	assert.InDelta(t, 0.020, low, 1e-4)
	assert.True(t, math.IsNaN(high))
	for _, i := range []int{2, 3} {
		low, high = bounds(i)
		assert.True(t, math.IsNaN(low) && math.IsNaN(high), "nothing is known of a count, or by two clients")
	}
}
