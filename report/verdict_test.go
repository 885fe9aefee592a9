package report_test

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
)

func TestVerdictsRank(t *testing.T) {
	build := func(change func(*report.Run), more func(*tape)) *report.Summary {
		p := small(t, 1, change)
		if more != nil {
			more(p)
		}
		p.end(10 * sec)
		return p.build()
	}
	broken := func(run *report.Run) { run.Gates = []string{"clients.usable < 50%"} }
	both := func(run *report.Run) { broken(run); run.Gates = append(run.Gates, "messages.lost == 0") }
	unfit := func(p *tape) {
		p.write(report.Record{T: 3 * sec, Unfit: &report.Unfit{Limit: "descriptors", Why: "10,064 needed, 1,024 allowed"}})
	}
	unsteady := func(p *tape) {
		p.write(report.Record{T: 3 * sec, Steady: &report.Steady{Checks: []report.Check{{Text: "clients.usable >= 99.9%", Value: 0.5, Why: "it was 50 %"}}}})
	}

	s := build(nil, nil)
	assert.Equal(t, report.Pass, s.Verdict)
	assert.Empty(t, s.Reasons)
	assert.NotNil(t, s.Reasons)

	s = build(broken, nil)
	assert.Equal(t, report.Fail, s.Verdict)
	assert.Equal(t, []string{"gate clients.usable < 50% is broken: it was 100 %"}, s.Reasons)

	s = build(both, unsteady)
	assert.Equal(t, report.Inconclusive, s.Verdict)
	assert.Equal(t, []string{
		"steady state was not reached: clients.usable >= 99.9%: it was 50 %",
		"gate messages.lost == 0 has no data: the scenario has no load",
		"gate clients.usable < 50% is broken: it was 100 %",
	}, s.Reasons)

	s = build(both, func(p *tape) { unsteady(p); unfit(p) })
	assert.Equal(t, report.Invalid, s.Verdict)
	assert.Len(t, s.Reasons, 4)
	assert.Equal(t, "the harness ran out of descriptors: 10,064 needed, 1,024 allowed", s.Reasons[0])

	s = build(func(run *report.Run) { run.Steady = []string{"clients.usable >= 99.9%"} }, nil)
	assert.Equal(t, []string{"steady state was never checked"}, s.Reasons)

	s = build(func(run *report.Run) { run.Gates = []string{"nonsense"} }, nil)
	assert.Equal(t, report.Inconclusive, s.Verdict, "a gate that cannot be read proves nothing")
}

func TestEndsOfARun(t *testing.T) {
	end := func(reason, why string, gates ...string) *report.Summary {
		p := small(t, 1, func(run *report.Run) { run.Gates = gates })
		p.write(report.Record{T: 10 * sec, End: &report.End{Reason: reason, Why: why}})
		return p.build()
	}
	for _, c := range []struct {
		reason, why string
		verdict     report.Verdict
		first       string
	}{
		{"interrupted", "", report.Inconclusive, "the run was interrupted"},
		{"error", "the proxy ended by itself", report.Inconclusive, "the run ended early: the proxy ended by itself"},
		{"unsteady", "by the end of the baseline", report.Inconclusive, "steady state was not reached: by the end of the baseline"},
		{"unfit", "no CPU", report.Invalid, "the harness was unfit: no CPU"},
		{"aborted", "gate x", report.Inconclusive, "the run was aborted: gate x"},
	} {
		s := end(c.reason, c.why)
		assert.Equal(t, c.verdict, s.Verdict, c.reason)
		assert.Equal(t, []string{c.first}, s.Reasons)
	}
	assert.Equal(t, report.Fail, end("aborted", "gate clients.usable", "clients.usable < 50%").Verdict, "an abort gate that is broken is what it was for")
}

// A run that ended before its chaos has one reason, with what went wrong most often. What
// follows from its early end is not repeated: a fault that never was, gates without data.
func TestUnsteadyNamesTheCause(t *testing.T) {
	gates := []string{"recovery.t99 < 8s", "storm.peak_1s < 40%"}
	unsteady := func(reason string, gates []string, more func(*tape)) *report.Summary {
		p := small(t, 2, func(run *report.Run) { split(run); run.Gates = gates })
		more(p)
		p.write(report.Record{T: 5 * sec, Steady: &report.Steady{Checks: []report.Check{{Text: "clients.usable >= 99.9%", Why: "it was 0 %"}}}})
		p.write(report.Record{T: 5 * sec, End: &report.End{Reason: reason}})
		return p.build()
	}
	refused := func(p *tape) {
		p.lose(2*sec, 0, "eof")
		for i := range int64(3) {
			p.step(3*sec+i*100*ms, 0, "timer", "dialing", nil)
			p.step(3*sec+i*100*ms+50*ms, 0, "failed", "waiting", func(s *report.Step) { s.Cause, s.Code = "protocol", 1002 })
		}
	}
	s := unsteady("unsteady", gates, refused)
	assert.Equal(t, []string{"steady state was not reached: clients.usable >= 99.9%: it was 0 %; failed: protocol 1002, 3 on 1 client"}, s.Reasons)
	assert.Equal(t, report.Inconclusive, s.Verdict)
	assert.Equal(t, "no data", s.Gates[0].Verdict, "the table has them still")
	assert.Equal(t, "the run ended early", s.Gates[0].Why)

	s = unsteady("unsteady", append(gates, "nonsense"), func(p *tape) { p.edge(4*sec, "split", "commanded") })
	require.Len(t, s.Reasons, 3, "a fault that was commanded, and a gate that nobody can read, are reasons of their own")
	assert.Equal(t, "steady state was not reached: clients.usable >= 99.9%: it was 0 %", s.Reasons[0], "nothing failed, nothing is named")
	assert.Equal(t, "fault split is not confirmed: unverifiable: the journal has no evidence of it", s.Reasons[1])
	assert.Contains(t, s.Reasons[2], "gate nonsense has no data: ")

	s = unsteady("complete", gates, refused)
	assert.Len(t, s.Reasons, 4, "a run that went on has every reason")
}

// The reasons that gates have no number fit beside them.
func TestTextShowsWhyGatesHaveNoNumber(t *testing.T) {
	p := small(t, 2, func(run *report.Run) {
		split(run)
		run.Gates = []string{"recovery.t99 < 8s", "storm.peak_1s < 40%"}
	})
	p.write(report.Record{T: 5 * sec, End: &report.End{Reason: "unsteady", Why: "by the end of the baseline"}})
	text := textOf(t, p.build(), report.Style{Unicode: true, Width: 72})
	assert.Contains(t, text, "?  recovery.t99 < 8s    no data  the run ended early\n")

	s := failSample()
	for _, metric := range []string{"latency.settled.p99_9", "recovery.client.p99", "recovery.t100"} {
		g, err := report.ParseGate(metric + " < 8s")
		require.NoError(t, err)
		s.Gates = append(s.Gates, g.Judge(map[string]float64{metric: math.Inf(1)}))
	}
	for _, line := range strings.Split(textOf(t, s, report.Style{Unicode: true}), "\n") {
		assert.NotContains(t, line, "…")
	}
}

// Limits of the harness: one reason each, naming the limit, and none just below it.
func TestUnfitHarness(t *testing.T) {
	build := func(more func(*tape)) *report.Summary {
		p := small(t, 1, nil)
		more(p)
		p.end(10 * sec)
		return p.build()
	}
	late := func(over int64) *report.Summary {
		return build(func(p *tape) {
			p.begin(6*sec, "verify")
			p.load(8, nil, func(l *report.Load) { l.OnUsable, l.LateOver = 1000, over })
		})
	}
	assert.Equal(t, report.Pass, late(10).Verdict)
	assert.Equal(t, []string{"the load generator was late: 11 of 1,000 sends on usable connections went out more than 100 ms after their time, limit 1 %"}, late(11).Reasons)
	assert.Equal(t, report.Invalid, late(11).Verdict)

	storm := build(func(p *tape) {
		p.lose(2*sec, 0, "reset")
		p.load(4, nil, func(l *report.Load) { l.OnUsable, l.LateOver = 1000, 1000 })
		for i := range int64(200) {
			p.step(4*sec+i, 0, "timer", "waiting", func(s *report.Step) { s.Late = sec })
		}
	})
	assert.Equal(t, report.Pass, storm.Verdict, "the clients' own storm")
	assert.Zero(t, storm.Fitness.Timers)

	timers := func(late int) *report.Summary {
		return build(func(p *tape) {
			p.begin(6*sec, "verify")
			for i := range 1000 {
				p.step(7*sec+int64(i), 0, "timer", "stable", func(s *report.Step) {
					s.Late = 100 * ms // the limit itself is not late
					if i < late {
						s.Late++
					}
				})
			}
		})
	}
	assert.Equal(t, report.Pass, timers(10).Verdict)
	assert.Equal(t, []string{"the policy's timers were late: 11 of 1,000 were served more than 100 ms after their time, limit 1 %"}, timers(11).Reasons)

	ticks := func(p99s ...int64) *report.Summary {
		return build(func(p *tape) {
			p.write(report.Record{T: 500 * ms, Harness: &report.Harness{Process: "engine", TickP99: 900 * ms}}) // warmup
			for i, v := range p99s {
				p.write(report.Record{T: 3*sec + int64(i)*sec, Harness: &report.Harness{Process: "engine", TickP99: v * ms}})
				p.write(report.Record{T: 3*sec + int64(i)*sec, Harness: &report.Harness{Process: "proxy"}})
			}
		})
	}
	assert.Equal(t, report.Pass, ticks(10, 50, 300, 400, 20).Verdict)
	assert.Equal(t, []string{"the CPU was starved: in half of the seconds a 10 ms ticker came 51 ms late or more (p99), limit 50 ms"}, ticks(10, 51, 300).Reasons)

	fds := func(n int) *report.Summary {
		return build(func(p *tape) {
			p.write(report.Record{T: 3 * sec, Harness: &report.Harness{Process: "proxy", FDs: n, FDLimit: 1000}})
		})
	}
	assert.EqualValues(t, 980, report.DescriptorShare*1000, "what the engine reckons with")
	assert.Equal(t, report.Pass, fds(979).Verdict)
	assert.Equal(t, []string{"descriptors ran out: process proxy had 980 of 1,000 open, limit 98 %"}, fds(980).Reasons)
}

// A fault that is late is not the one that was asked for: one that lasts ends when it was to end.
func TestALateFault(t *testing.T) {
	build := func(lasts, late int64) *report.Summary {
		p := small(t, 4, func(run *report.Run) {
			split(run)
			run.Faults[0].For = lasts
		})
		p.edge(2*sec+late, "split", "commanded")
		p.edge(2*sec+late, "split", "confirmed")
		p.edge(2*sec+late+lasts, "split", "cleared")
		p.evidence(19*sec, "split", "confirmed", "")
		p.end(20 * sec)
		return p.build()
	}
	for _, c := range []struct {
		lasts, late int64
		want        []string
	}{
		{lasts: sec, late: 500 * ms},
		{lasts: sec, late: 501 * ms, want: []string{"fault split was commanded 501 ms after its time, limit 500 ms"}},
		{lasts: 10 * sec, late: 2 * sec},
		{lasts: 10 * sec, late: 2*sec + ms, want: []string{"fault split was commanded 2.001 s after its time, limit 2 s"}},
		{lasts: 0, late: 2 * sec},
		{lasts: 0, late: 2*sec + ms, want: []string{"fault split was commanded 2.001 s after its time, limit 2 s"}},
	} {
		s := build(c.lasts, c.late)
		assert.Equal(t, len(c.want) > 0, s.Verdict == report.Invalid, c)
		assert.ElementsMatch(t, c.want, s.Reasons, c)
	}
}

// The process that drives the clients stands still while they heal: whatever was measured
// is its own doing. A storm's late ticks are not that, nor is a stall that nothing heals in.
func TestStallWhileHealing(t *testing.T) {
	// Two clients are lost at 2 s and usable again at back; hold is 1 s. Late are the ticks of
	// the second that ends at each time.
	build := func(back int64, late map[int64]int64) *report.Summary {
		p := small(t, 2, func(run *report.Run) {
			run.Faults = []report.Intended{{Name: "cut", Kind: "reset", On: "blue", Share: 1, At: 2 * sec, Cohort: 2}}
		})
		p.write(report.Record{T: 1500 * ms, Harness: &report.Harness{Process: "engine", TickMax: max(10, late[1]) * ms}})
		p.edge(2*sec, "cut", "commanded")
		p.edge(2*sec, "cut", "confirmed")
		p.lose(2*sec, 0, "reset")
		p.lose(2*sec, 1, "reset")
		for k := int64(2); k < 60; k++ {
			if k*sec == back {
				p.up(back-30*ms, 0, "timer", nil)
				p.up(back-30*ms, 1, "timer", nil)
			}
			p.write(report.Record{T: k*sec + 500*ms, Harness: &report.Harness{Process: "engine", TickP99: 10 * ms, TickMax: max(10, late[k]) * ms}})
			p.write(report.Record{T: k*sec + 500*ms, Harness: &report.Harness{Process: "proxy"}})
		}
		p.evidence(60*sec, "cut", "confirmed", "")
		p.end(60 * sec)
		return p.build()
	}

	s := build(12*sec, map[int64]int64{7: 4920})
	assert.Equal(t, report.Invalid, s.Verdict)
	assert.Equal(t, []string{"the harness stood still for 4.920 s during the recovery: starved CPU or a stopped process"}, s.Reasons)
	assert.Equal(t, 4920*ms, s.Fitness.Stall)
	assert.Equal(t, 11*sec, s.Fitness.Healing)

	for _, c := range []struct {
		about string
		back  int64
		late  map[int64]int64
		want  report.Verdict
	}{
		{"the limit itself", 12, map[int64]int64{7: 1000}, report.Pass},
		{"beyond it", 12, map[int64]int64{7: 1001}, report.Invalid},
		{"in a second before the command", 12, map[int64]int64{1: 1001}, report.Pass},
		{"in the second of the command", 12, map[int64]int64{2: 1001}, report.Invalid},
		{"in the hold time", 12, map[int64]int64{13: 1001}, report.Invalid},
		{"begun in the hold time, told long after", 12, map[int64]int64{20: 8000}, report.Invalid},
		{"after it", 12, map[int64]int64{20: 4920}, report.Pass},
		{"it never recovered", 99, map[int64]int64{50: 1001}, report.Invalid},

		{"a storm on a small machine", 5, map[int64]int64{2: 400, 3: 400, 4: 200}, report.Pass},
		{"more than any storm", 5, map[int64]int64{2: 400, 3: 400, 4: 201}, report.Invalid},
		{"a tenth of 20 s", 21, map[int64]int64{2: 500, 3: 500, 4: 500, 5: 500}, report.Pass},
		{"more than a tenth", 21, map[int64]int64{2: 500, 3: 500, 4: 500, 5: 501}, report.Invalid},
		{"100 ms are no stall", 21, map[int64]int64{2: 500, 3: 500, 4: 500, 5: 500, 6: 100}, report.Pass},
		{"101 ms are", 21, map[int64]int64{2: 500, 3: 500, 4: 500, 5: 500, 6: 101}, report.Invalid},
	} {
		assert.Equal(t, c.want, build(c.back*sec, c.late).Verdict, c.about)
	}
	assert.Equal(t, []string{"the harness stood still for 2.001 s of the 20 s of the recovery, more than 100 ms at a time: starved CPU or a stopped process, limit 10 %"},
		build(21*sec, map[int64]int64{2: 500, 3: 500, 4: 500, 5: 501}).Reasons)
}

// A fault that lasts is watched to its end, though nobody notices it.
func TestStallWhileAFaultIsInForce(t *testing.T) {
	p := small(t, 2, split) // to 6 s
	p.edge(2*sec, "split", "commanded")
	p.edge(2*sec, "split", "confirmed")
	p.write(report.Record{T: 4 * sec, Harness: &report.Harness{Process: "engine"}})
	p.write(report.Record{T: 5500 * ms, Harness: &report.Harness{Process: "engine", TickMax: 1200 * ms}})
	p.edge(6*sec, "split", "cleared")
	p.evidence(10*sec, "split", "confirmed", "")
	p.end(10 * sec)
	s := p.build()
	assert.Equal(t, report.Invalid, s.Verdict)
	assert.Equal(t, 5*sec, s.Fitness.Healing)

	p = small(t, 2, nil)
	p.write(report.Record{T: 5 * sec, Harness: &report.Harness{Process: "engine", TickMax: 3 * sec}})
	p.end(10 * sec)
	s = p.build()
	assert.Equal(t, report.Pass, s.Verdict, "nothing was broken, so nothing had to heal")
	assert.Zero(t, s.Fitness.Healing)
}
