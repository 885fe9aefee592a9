package report_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
)

// resetTape is a run in which every value can be worked out by hand.
//
//	clients      10, all usable at 0.93 s; baseline 2 s to 5 s, so B = 10
//	fault        commanded 5.000 s, confirmed 5.010 s, instantaneous
//	lost         client i at 5.011 s + i ms
//	first dials  client i at 5.5 s + i × 100 ms; 0 to 4 are usable 30 ms later, 5 to 9
//	             are refused 50 ms later
//	second dials clients 5, 6, 7 at 7 s, 8 at 8 s, 9 at 10 s; usable 30 ms later
func resetTape(t *testing.T) *tape {
	p := newTape(t, report.Run{
		Scenario: "reset", Policy: "by-hand", Clients: 10, Rate: 100, Guarantee: "at-least-once", Hold: 2 * sec, Mu: 10, Endpoints: []string{"blue"},
		Plan: []report.Planned{
			{Name: "warmup", To: 2 * sec},
			{Name: "baseline", From: 2 * sec, To: 5 * sec},
			{Name: "chaos", From: 5 * sec, To: 6 * sec},
			{Name: "recovery", From: 6 * sec, To: 20 * sec},
		},
		Steady: []string{"clients.usable >= 99.9%"},
		Gates:  []string{"recovery.t99 < 8s", "recovery.t50 < 900ms", "latency.p99_9 < 10s", "latency.verify.p99 < 1s"},
		Faults: []report.Intended{{Name: "cut", Kind: "reset", On: "blue", Share: 1, At: 5 * sec, Cohort: 10}},
	})
	p.begin(0, "warmup")
	for i := range 10 {
		p.up(int64(i)*100*ms, i, "start", nil)
	}
	second := func(k int64) {
		p.write(report.Record{T: k*sec - ms, Harness: &report.Harness{Process: "engine", CPU: 0.5, Cores: 2, RSS: 1000 * k, FDs: 50, FDLimit: 100, TickP99: k * ms}})
		p.write(report.Record{T: k*sec - ms, Harness: &report.Harness{Process: "proxy", FDs: 60, FDLimit: 80}})
		p.write(report.Record{T: k*sec - ms, Target: &report.Target{Name: "blue", Messages: 100 * k}})
	}
	for k := int64(1); k <= 2; k++ {
		second(k)
		p.load(k, map[string]report.LoadCount{"warmup": {Intended: 20, Sent: 20, Acked: 20}}, nil)
		p.latencies(k, many{"response.warmup.faulted", 20, 3 * sec})
	}
	p.begin(2*sec, "baseline")
	for k := int64(3); k <= 5; k++ {
		if k == 4 { // a timer while calm
			p.step(3*sec+500*ms, 0, "timer", "stable", func(s *report.Step) { s.Late = 2 * ms })
		}
		second(k)
		p.load(k, map[string]report.LoadCount{"baseline": {Intended: 100, Sent: 100, Acked: 100}}, func(l *report.Load) { l.LateP99 = (6 - k) * ms })
		p.latencies(k, many{"response.baseline.faulted", 50, 10 * ms}, many{"response.baseline.control", 50, 8 * ms}, many{"service.baseline.control", 50, 7 * ms})
	}
	p.write(report.Record{T: 5 * sec, Steady: &report.Steady{Met: true, Checks: []report.Check{{Text: "clients.usable >= 99.9%", Value: 1, Met: true}}}})
	p.begin(5*sec, "chaos")
	p.edge(5*sec, "cut", "commanded")
	for i := range 10 {
		p.lose(5011*ms+int64(i)*ms, i, "reset")
	}
	p.edge(5010*ms, "cut", "confirmed") // written after what it caused
	p.edge(5015*ms, "cut", "cleared")
	late := func(s *report.Step) { s.Late = 300 * ms } // in the storm: nobody's fault
	for i := range 10 {
		at := 5500*ms + int64(i)*100*ms
		if i < 5 {
			p.up(at, i, "timer", late)
		} else {
			p.step(at, i, "timer", "dialing", late)
			p.fail(at+50*ms, i, "refused", "waiting")
		}
		if i == 4 {
			second(6)
			p.load(6, map[string]report.LoadCount{"chaos": {Intended: 100, Sent: 60, Acked: 40, Waited: 60}}, func(l *report.Load) { l.LateP99, l.LateOver = 500*ms, 50 })
			p.latencies(6, many{"response.chaos.faulted", 20, 100 * ms}, many{"response.chaos.control", 20, 10 * ms})
			p.begin(6*sec, "recovery")
		}
	}
	second(7)
	p.load(7, map[string]report.LoadCount{"chaos": {Sent: 40, Acked: 50, Resent: 55, Dup: 5}, "recovery": {Intended: 100, Sent: 60, Acked: 60}}, nil)
	p.latencies(7, many{"response.chaos.faulted", 50, 1500 * ms}, many{"response.recovery.faulted", 60, 50 * ms})
	for i := 5; i < 8; i++ {
		p.up(7*sec, i, "timer", nil)
	}
	second(8)
	p.load(8, map[string]report.LoadCount{"chaos": {Acked: 8}, "recovery": {Intended: 100, Sent: 140, Acked: 140}}, nil)
	p.latencies(8, many{"response.chaos.faulted", 8, 2500 * ms}, many{"response.recovery.faulted", 140, 20 * ms})
	p.up(8*sec, 8, "timer", nil)
	for k := int64(9); k <= 20; k++ {
		if k == 11 {
			p.up(10*sec, 9, "timer", nil)
		}
		if k == 16 {
			p.step(15*sec+100*ms, 1, "timer", "stable", func(s *report.Step) { s.Late = 6 * ms })
		}
		second(k)
		p.load(k, map[string]report.LoadCount{"recovery": {Intended: 100, Sent: 100, Acked: 100}}, func(l *report.Load) {
			if k == 16 {
				l.LateP99 = 4 * ms
			}
		})
		p.latencies(k, many{"response.recovery.faulted", 50, 10 * ms}, many{"response.recovery.control", 50, 8 * ms})
	}
	p.evidence(20*sec, "cut", "confirmed", "10 of 10 clients were hit")
	p.end(20 * sec)
	return p
}

func TestEveryMetricOfAReset(t *testing.T) {
	s := resetTape(t).keep("reset")

	// Fleet: 5 of 10 are usable at 5.93 s, 9 at 8.03 s, 10 at 10.03 s; zero is 5.010 s.
	assert.Equal(t, report.Marks{Zero: 5010 * ms, T50: 920 * ms, T90: 3020 * ms, T99: 5020 * ms, T100: 5020 * ms}, s.Recovery.Confirmed)
	assert.Equal(t, s.Recovery.Confirmed, s.Recovery.Cleared, "an instantaneous fault is over when it is confirmed")
	assert.Equal(t, s.Recovery.Confirmed, s.Faults[0].Fleet)
	assert.True(t, s.Recovery.Held)

	// Per client, up minus lost in ms: 519 618 717 816 915 | 2014 2013 2012 | 3011 | 5010;
	// their sum is 17.645 s.
	const outages = 17.645
	exact := map[string]float64{
		"recovery.t50": 0.92, "recovery.t90": 3.02, "recovery.t99": 5.02, "recovery.t100": 5.02,
		"recovery.commanded.t50": 0.93, "recovery.commanded.t90": 3.03, "recovery.commanded.t99": 5.03, "recovery.commanded.t100": 5.03,
		"recovery.cleared.t50": 0.92, "recovery.cleared.t90": 3.02, "recovery.cleared.t99": 5.02, "recovery.cleared.t100": 5.02,
		"recovery.lost": 10, "recovery.healed": 1, "recovery.unhealed": 0,
		"recovery.client.p50": 0.915, "recovery.client.p90": 3.011, "recovery.client.p99": 5.01, "recovery.client.max": 5.01,
		// 99 % of 10 is 9.9, so all 10 must come back, at 10 per second.
		"recovery.floor": 1, "recovery.efficiency": 1 / 5.02,
		// The first loss is noticed 1 ms after the fault; from then on the ten keep it busy.
		"recovery.floor_noticed": 1.001,
		// The same from the fault's confirmation, 1 to 10 ms earlier; every loss was noticed
		// after the fault was over, so that the lag is what it was per client.
		"recovery.onset.p50": 0.92, "recovery.onset.p90": 3.02, "recovery.onset.p99": 5.02, "recovery.onset.max": 5.02,
		"recovery.lag.p50": 0.915, "recovery.lag.p90": 3.011, "recovery.lag.p99": 5.01, "recovery.lag.max": 5.01,
		// Client i tries first at 5.5 s + i × 100 ms, 489 + 99 i ms after its loss.
		"recovery.first_try.p50": 0.885, "recovery.first_try.p90": 1.281, "recovery.first_try.p99": 1.38, "recovery.first_try.max": 1.38,
		// All were seen to heal, so there is nothing to estimate.
		"recovery.estimate.p50": 0.915, "recovery.estimate.p90": 3.011, "recovery.estimate.p99": 5.01,
		// Waiting at the end of the seconds 5, 6, 7, 8: 0, 40, 40 and 0 messages.
		"recovery.caught_up": 2.99,
		// Taken apart, in ms. Detect is 1 to 10, dial 20 and prove 10 of each, failed 50 of
		// the clients 5 to 9. Backoff of 0 to 4 is until the first try; then until the second,
		// too: 489 588 687 786 885 | 1934 1933 1932 | 1281 + 1650 | 1380 + 3550. In all 17.7 s.
		"outage.detect.share": 0.055 / 17.7, "outage.detect.p50": 0.005, "outage.detect.p99": 0.01,
		"outage.backoff.share": 17.095 / 17.7, "outage.backoff.p50": 0.885, "outage.backoff.p99": 4.93,
		"outage.failed.share": 0.25 / 17.7, "outage.failed.p50": 0, "outage.failed.p99": 0.05,
		"outage.dial.share": 0.2 / 17.7, "outage.dial.p50": 0.02, "outage.dial.p99": 0.02,
		"outage.prove.share": 0.1 / 17.7, "outage.prove.p50": 0.01, "outage.prove.p99": 0.01,
		"outage.admission.share": 0, "outage.admission.p50": 0, "outage.admission.p99": 0,
		"outage.relapse.share": 0, "outage.relapse.p50": 0, "outage.relapse.p99": 0,
		"outage.stopped.share": 0, "outage.stopped.p50": 0, "outage.stopped.p99": 0,
		// Lost 1 to 10 ms after the fault was confirmed.
		"detect.p50": 0.005, "detect.p90": 0.009, "detect.p99": 0.01, "detect.max": 0.01,

		// 15 attempts, 10 of which healed; three at 7 s, else 100 ms apart or more.
		"storm.peak_100ms": 0.3, "storm.peak_1s": 1, "storm.amp": 1.5,
		"storm.hopeless": 0, "storm.collateral": 5, "storm.moves": 0,
		// From the first loss at 5.011 s to 10.03 s are 51 bins of 100 ms; the only bin with
		// more than one attempt has 3: D = 3·2/(15·14) = 1/35, S = (1/35 - 1/51)/(1 - 1/51).
		"storm.sync": 16. / 1750,
		// Ten first attempts and five retries; those five failed, in the 5.02 s to full recovery.
		"storm.retry_ratio": 0.5, "storm.wasted": 1. / 3, "storm.collateral_rate": 5 / 5.02,
		"storm.load":         1, // ten in the worst second, of ten that are possible
		"storm.peak_to_mean": 3 * 51. / 15,
		// Squares: 12 bins of 1 and one of 3, 21 in all. (21/51 - (15/51)²)/(15/51).
		"storm.fano": 21./15 - 15./51, "storm.metastable": 0,

		"avail.time": (180 - outages) / 180, // 10 clients over the 18 s from the baseline on
		"avail.lost": outages,
		"avail.msg":  1798. / 1800,
		// Late by more than a second are 50 of 1.5 s, 8 of 2.5 s and the 2 that were lost.
		"avail.msg_1s": 1740. / 1800,
		// Of 30 days' 43.2 min: 1.7645 s down per client; 2 messages of 100/s are 20 ms.
		"budget.time": outages / 10 / 2592, "budget.msg": 0.02 / 2592, "budget.burn_1h": outages / 10 / 3.6,
		// Warmup 40, baseline 300, chaos 100, recovery 1400.
		"messages.intended": 1840, "messages.acked": 1838, "messages.lost": 2, "messages.dup": 5, "messages.resent": 55,
		"messages.broken": 2, "messages.unsent": 0, "messages.in_flight": 2, "messages.dropped": 0, "messages.waited": 60,
		// Answers per second: 100 in the baseline, then 40, 110, 148, and 100 again.
		"dip.depth": 0.6, "dip.width": 1, "dip.area": 0.6, "dip.overshoot": 0.48, "dip.slope": 0.7, "dip.back": 0.99,
		"messages.rate":  1798. / 18,
		"clients.usable": 1, "clients.reset": 10, "connections.per_client": 0, "connections.left_over": 0,

		// Calm are the baseline and, from 10.03 s plus the hold of 2 s on, the seconds 14 to 20.
		"harness.late_p99": 0.004, "harness.timer_p99": 0.006,
		"harness.tick_p99": 0.011, // the median of 3 to 20 ms
		"harness.fds":      0.75,  // proxy
		"harness.stall":    0, "harness.cpu": 0.5,
	}
	// Values of the histograms, three digits. All measured ones in order: 750 of 8 ms, 770
	// of 10 ms, 140 of 20 ms, 60 of 50 ms, 20 of 100 ms, 50 of 1.5 s, 8 of 2.5 s, 2 lost.
	digits := map[string]float64{
		"latency.p50": 0.01, "latency.p90": 0.02, "latency.p99": 1.5, // ranks 900, 1620, 1782
		"latency.baseline.p50": 0.008, "latency.baseline.p90": 0.01, "latency.baseline.p99": 0.01, "latency.baseline.p99_9": 0.01, "latency.baseline.max": 0.01,
		// 20 of 10 ms, 20 of 100 ms, 50 of 1.5 s, 8 of 2.5 s, 2 lost: rank 99 is lost.
		"latency.chaos.p50": 1.5, "latency.chaos.p90": 1.5,
		// 600 of 8 ms, 600 of 10 ms, 140 of 20 ms, 60 of 50 ms.
		"latency.recovery.p50": 0.01, "latency.recovery.p90": 0.02, "latency.recovery.p99": 0.05, "latency.recovery.p99_9": 0.05, "latency.recovery.max": 0.05,
		// The seconds 14 to 20: 350 of 8 ms and 350 of 10 ms.
		// Service: 150 of 7 ms in the baseline, and 2 of the chaos that were sent and lost.
		"service.p50": 0.007, "service.p90": 0.007,
		"service.baseline.p50": 0.007, "service.baseline.p90": 0.007, "service.baseline.p99": 0.007, "service.baseline.p99_9": 0.007, "service.baseline.max": 0.007,
		"latency.settled.p50": 0.008, "latency.settled.p90": 0.01, "latency.settled.p99": 0.01, "latency.settled.p99_9": 0.01, "latency.settled.max": 0.01,
	}
	for name, want := range exact {
		assert.InDelta(t, want, s.Metrics[name], 1e-12, name)
	}
	for name, want := range digits {
		assert.InEpsilon(t, want, s.Metrics[name], 1e-3, name)
	}
	assert.Equal(t, 0.05, s.Metrics["latency.recovery.max"], "a maximum is exact")
	assert.Equal(t, []string{"latency.chaos.max", "latency.chaos.p99", "latency.chaos.p99_9", "latency.max", "latency.p99_9", "service.max", "service.p99", "service.p99_9"}, s.Unbounded)

	// No metric is forgotten: what is neither here nor unbounded has no data in this run.
	var silent []string
	for _, m := range report.Metrics() {
		_, a := exact[m.Name]
		_, b := digits[m.Name]
		if !a && !b && !slices.Contains(s.Unbounded, m.Name) {
			silent = append(silent, m.Name)
		}
	}
	silent = slices.DeleteFunc(silent, func(name string) bool { // of targets that do not answer: push_test.go
		family, _, _ := strings.Cut(name, ".")
		return slices.Contains([]string{"push", "gap", "ping"}, family)
	})
	silent = slices.DeleteFunc(silent, func(name string) bool { // the other phases have no service times
		return strings.HasPrefix(name, "service.") && strings.Count(name, ".") == 2
	})
	assert.Equal(t, []string{
		"recovery.waited", "outage.tcp.share", "outage.tcp.p50", "outage.tcp.p99", "outage.tls.share", "outage.tls.p50", "outage.tls.p99",
		"outage.upgrade.share", "outage.upgrade.p50", "outage.upgrade.p99", "admission.p50", "admission.p90", "admission.p99", "admission.max", "messages.reordered",
		"latency.verify.p50", "latency.verify.p90", "latency.verify.p99", "latency.verify.p99_9", "latency.verify.max",
		"latency.shift", "latency.control_shift", "balance.before", "balance.after", "balance.shift",
		"harness.gc_pause", "harness.steal",
	}, silent, "nobody was left, a dial is not taken apart, nobody shares, order is not counted, no verify phase, nothing in force for a while, one endpoint, no pause seen")
	assert.Equal(t, len(exact)+len(digits), len(s.Metrics))

	assert.InDelta(t, 16./1750, s.Storm.Sync, 1e-12)
	s.Storm.Sync, s.Storm.PeakToMean, s.Storm.Fano = 0, 0, 0
	assert.Equal(t, report.Storm{Lost: 10, Losses: 10, Attempts: 15, Healed: 10, Peak100ms: 3, Peak1s: 10, Collateral: 5, InWindow: 15, First: 10, Bins: 51, After: 5020 * ms}, s.Storm)
	assert.Equal(t, report.Outage{
		Client: 9, Fault: "cut", Lost: 5020 * ms, Back: 10030 * ms, Whole: 5020 * ms, Attempts: 2,
		Parts: map[string]int64{"detect": 10 * ms, "backoff": 4930 * ms, "failed": 50 * ms, "dial": 20 * ms, "prove": 10 * ms},
	}, withoutStrips(s.Recovery.Outages.Slowest)[0])
	assert.Equal(t, map[string]int64{"all": 2, "warmup": 0, "baseline": 0, "chaos": 2, "recovery": 0}, s.Lost)
	assert.Equal(t, report.LoadCount{Intended: 100, Sent: 100, Acked: 98, Resent: 55, Dup: 5, Waited: 60}, s.Messages["chaos"])
	assert.Equal(t, []report.CauseRow{
		{Event: "lost", Cause: "reset", Count: 10, Clients: 10}, {Event: "failed", Cause: "refused", Count: 5, Clients: 5},
	}, s.Causes)
	assert.Equal(t, 10, s.Faults[0].SawReset)
	assert.Equal(t, []report.Target{{Name: "blue", Messages: 2000}}, s.Targets)
	assert.Equal(t, 20*sec, s.Duration)
	assert.Equal(t, []report.Point{
		{},
		{T: 520 * ms, V: .1},
		{T: 620 * ms, V: .2},
		{T: 720 * ms, V: .3},
		{T: 820 * ms, V: .4},
		{T: 920 * ms, V: .5},
		{T: 2020 * ms, V: .6},
		{T: 2020 * ms, V: .7},
		{T: 2020 * ms, V: .8},
		{T: 3020 * ms, V: .9},
		{T: 5020 * ms, V: 1},
	}, s.Recovery.Curve)

	require.Len(t, s.Timeline.Usable, 201) // 0 to 20 s in steps of 100 ms, and the end
	assert.Equal(t, []int{10, 0, 0}, s.Timeline.Usable[49:52], "at the end of the steps around 5 s")
	assert.Equal(t, []int{1, 1}, s.Timeline.Attempts[55:57])
	assert.Equal(t, []int{0, 1, 1}, s.Timeline.Failed[59:62], "by when they began")
	assert.Equal(t, 110., s.Timeline.Acked[6])
	assert.InEpsilon(t, 1500*ms, s.Timeline.P99[6], 1e-3)
	assert.Len(t, s.Timeline.Acked, 20)

	assert.Equal(t, report.Inconclusive, s.Verdict)
	assert.Equal(t, []string{
		"gate latency.verify.p99 < 1s has no data: the run has no value for it",
		"gate recovery.t50 < 900ms is broken: it was 920 ms",
		"gate latency.p99_9 < 10s is broken: the percentile falls among lost messages",
	}, s.Reasons)
	assert.Equal(t, []string{"gate latency.p99_9 < 10s rests on 1,800 values; a percentile as high as that is trustworthy from 2,995 on"}, s.Warnings)
}

// The two files can be merged from many writers: neither their order within a second nor
// who wrote first changes the result.
func TestOrderOfNeighboursDoesNotMatter(t *testing.T) {
	p := resetTape(t)
	want := p.build()
	lines := strings.SplitAfter(p.journal.String(), "\n")
	for i := 1; i+3 < len(lines); i += 3 { // the run stays first, the end last
		slices.Reverse(lines[i : i+3])
	}
	p.journal.Reset()
	p.raw(strings.Join(lines, ""))
	got := p.build()
	// Records at the same nanosecond have no order but the journal's.
	assert.Equal(t, want.Recovery, got.Recovery)
	assert.Equal(t, want.Storm, got.Storm)
	assert.Equal(t, slices.Sorted(maps.Keys(want.Metrics)), slices.Sorted(maps.Keys(got.Metrics)))
	assert.Equal(t, want.Messages, got.Messages)
}
