package report_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/wsheal/wsheal/report"
)

// One client, ten messages a second, lost at 4 s and usable again at 5 s; settled from
// 6 s on, with the hold. Of each phase, n × ms:
//
//	           due sent  response                 lost  service          lost
//	baseline    30   30  15×1 12×2 3×5                  30×1
//	chaos       20   15  10×10 4×700                 6  10×8 4×20           1
//	recovery    60   60  50×3 10×4                      50×1 10×2
//	verify      40   40  39×2 1×6                       39×1 1×5
//	settled    100  100  39×2 50×3 10×4 1×6             89×1 10×2 1×5
//	all        150  145  15×1 51×2 50×3 10×4 3×5     6  119×1 10×2 1×5      1
//	                     1×6 10×10 4×700                10×8 4×20
func phasesTape(t *testing.T) *tape {
	p := newTape(t, report.Run{
		Scenario: "phases", Policy: "by-hand", Clients: 1, Rate: 10, Guarantee: "at-most-once", Hold: sec, Endpoints: []string{"blue"},
		Plan: []report.Planned{
			{Name: "warmup", To: sec},
			{Name: "baseline", From: sec, To: 4 * sec},
			{Name: "chaos", From: 4 * sec, To: 6 * sec},
			{Name: "recovery", From: 6 * sec, To: 12 * sec},
			{Name: "verify", From: 12 * sec, To: 16 * sec},
		},
		Faults: []report.Intended{{Name: "cut", Kind: "reset", On: "blue", Share: 1, At: 4 * sec, Cohort: 1}},
	})
	counts := func(phase string, intended, sent, acked, dup int64) map[string]report.LoadCount {
		return map[string]report.LoadCount{phase: {Intended: intended, Sent: sent, Acked: acked, Dup: dup}}
	}
	both := func(phase string, n int, response, service int64) []many {
		return []many{{"response." + phase + ".f0", n, response * ms}, {"service." + phase + ".f0", n, service * ms}}
	}
	health := func(second int64, h report.Harness) {
		h.Process, h.TickP99 = "engine", second*ms
		p.write(report.Record{T: second * sec, Harness: &h})
	}
	p.ordered = true
	p.begin(0, "warmup")
	p.up(0, 0, "start", nil)
	health(1, report.Harness{GCPauseMax: 90 * ms, Steal: 0.9, TickMax: 900 * ms}) // before anything is measured
	p.begin(sec, "baseline")
	for k := int64(2); k <= 4; k++ {
		p.load(k, counts("baseline", 10, 10, 10, 0), nil)
		p.latencies(k, append(append(both("baseline", 5, 1, 1), both("baseline", 4, 2, 1)...), both("baseline", 1, 5, 1)...)...)
	}
	p.begin(4*sec, "chaos")
	p.edge(4*sec, "cut", "commanded")
	p.edge(4*sec, "cut", "confirmed")
	p.lose(4*sec, 0, "reset")
	p.up(5*sec-30*ms, 0, "timer", nil)
	health(5, report.Harness{CPU: 0.5, GCPauseMax: 3 * ms, Steal: 0.25, TickMax: 400 * ms})
	p.load(5, counts("chaos", 10, 5, 4, 0), nil)
	p.latencies(5, both("chaos", 4, 700, 20)...)
	p.load(6, map[string]report.LoadCount{"chaos": {Intended: 10, Sent: 10, Acked: 10, Dup: 2, Reordered: 3}}, nil)
	p.latencies(6, both("chaos", 10, 10, 8)...)
	p.begin(6*sec, "recovery")
	for k := int64(7); k <= 12; k++ {
		p.load(k, counts("recovery", 10, 10, 10, 0), nil)
		if k == 11 {
			health(k, report.Harness{})
		}
		if k == 12 {
			p.latencies(k, both("recovery", 10, 4, 2)...)
			continue
		}
		p.latencies(k, both("recovery", 10, 3, 1)...)
	}
	health(12, report.Harness{CPU: 0.25, GCPauseMax: 2 * ms, Steal: 0.125, TickMax: 900 * ms}) // after it has healed
	p.begin(12*sec, "verify")
	for k := int64(13); k <= 16; k++ {
		p.load(k, counts("verify", 10, 10, 10, 0), nil)
		if k == 16 {
			p.latencies(k, append(both("verify", 9, 2, 1), both("verify", 1, 6, 5)...)...)
			continue
		}
		p.latencies(k, both("verify", 10, 2, 1)...)
	}
	p.evidence(16*sec, "cut", "confirmed", "")
	p.end(16 * sec)
	return p
}

func TestLatencyOfEachPhase(t *testing.T) {
	s := phasesTape(t).keep("phases")
	const lost = -1
	for prefix, want := range map[string][5]float64{ // p50 p90 p99 p99.9 max, ms
		"latency.baseline.": {1, 2, 5, 5, 5},              // ranks 15, 27, 30, 30 of 30
		"latency.chaos.":    {10, lost, lost, lost, lost}, // 10 and 18 of 20
		"latency.recovery.": {3, 4, 4, 4, 4},              // 30, 54, 60 of 60
		"latency.verify.":   {2, 2, 6, 6, 6},              // 20, 36, 40 of 40
		"latency.settled.":  {3, 4, 4, 6, 6},              // 50, 90, 99, 100 of 100
		"latency.":          {3, 10, lost, lost, lost},    // 75, 135, 149 of 150
		"service.baseline.": {1, 1, 1, 1, 1},
		"service.chaos.":    {8, 20, lost, lost, lost}, // 8, 14, 15 of 15
		"service.recovery.": {1, 2, 2, 2, 2},
		"service.verify.":   {1, 1, 5, 5, 5},
		"service.settled.":  {1, 2, 2, 5, 5},
		"service.":          {1, 8, 20, lost, lost}, // 73, 131, 144, 145 of 145
	} {
		for i, q := range []string{"p50", "p90", "p99", "p99_9", "max"} {
			if want[i] == lost {
				assert.Contains(t, s.Unbounded, prefix+q)
				continue
			}
			assert.InEpsilon(t, want[i]/1e3, s.Metrics[prefix+q], 1e-3, prefix+q)
		}
	}
	assert.Equal(t, int64(150), s.Samples["latency.p99"], "with the lost ones")
	assert.Equal(t, int64(145), s.Samples["service.p99"], "with those that were sent and lost")
	for name, want := range map[string]float64{
		"avail.msg": 144. / 150, "avail.msg_1s": 144. / 150,
		"messages.broken": 2, "messages.reordered": 3, "messages.unsent": 5, "messages.in_flight": 1, // promised is that none is answered twice
		"harness.gc_pause": 0.003, "harness.steal": 0.25, "harness.stall": 0.4, "harness.cpu": 0.5,
		"harness.tick_p99": 0.011, // of 5, 11 and 12 ms
	} {
		assert.InDelta(t, want, s.Metrics[name], 1e-12, name)
	}
}

// Every metric says what it is, in which unit, from where, and what sample it needs; every
// one has been worked out by hand in at least one of the runs in testdata/journals.
func TestEveryMetricIsDefinedAndShown(t *testing.T) {
	shown := map[string]bool{}
	for _, s := range []*report.Summary{
		resetTape(t).build(), failoverTape(t).build(), phasesTape(t).build(), dipTape(t).build(), sharedTape(t).build(), dialTape(t).build(), pushTape(t).build(),
	} {
		for name := range s.Values() {
			shown[name] = true
		}
	}
	for _, m := range report.Metrics() {
		assert.Contains(t, []string{"s", "share", "count", "/s"}, m.Unit, m.Name)
		assert.Regexp(t, `^[A-Za-z0-9].*\.$`, m.About, m.Name)
		assert.NotEmpty(t, m.Source, m.Name)
		last := m.Name[strings.LastIndexByte(m.Name, '.')+1:]
		if least, quantile := map[string]int64{"p50": 5, "p90": 29, "p99": 299, "p99_9": 2995, "max": 1}[last]; quantile && m.Name != "harness.late_p99" {
			assert.Equal(t, least, m.Min, m.Name)
		}
		if !strings.Contains(m.Name, "shift") { // of faults that last: TestPartitionWithAClientThatNeverHeals
			assert.True(t, shown[m.Name], "no run shows %s", m.Name)
		}
	}
}
