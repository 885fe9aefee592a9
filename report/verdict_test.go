package report_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

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
		"gate messages.lost == 0 has no data: the run has no value for messages.lost, since the scenario has no load",
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
	assert.Equal(t, report.Pass, fds(979).Verdict)
	assert.Equal(t, []string{"descriptors ran out: process proxy had 980 of 1,000 open, limit 98 %"}, fds(980).Reasons)
}
