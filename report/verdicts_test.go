package report_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
)

// small is a run of a few clients, all usable at 0.03 s, with a baseline from 1 s to 2 s
// and nothing else yet.
func small(t *testing.T, clients int, change func(*report.Run)) *tape {
	run := report.Run{
		Scenario: "small", Policy: "by-hand", Clients: clients, Hold: sec, Endpoints: []string{"blue"},
		Plan: []report.Planned{
			{Name: "warmup", To: sec},
			{Name: "baseline", From: sec, To: 2 * sec},
			{Name: "chaos", From: 2 * sec, To: 6 * sec},
			{Name: "recovery", From: 6 * sec, To: 20 * sec},
		},
	}
	if change != nil {
		change(&run)
	}
	p := newTape(t, run)
	p.begin(0, "warmup")
	for i := range clients {
		p.up(0, i, "start", nil)
	}
	p.begin(sec, "baseline")
	p.begin(2*sec, "chaos")
	return p
}

func split(run *report.Run) {
	run.Faults = []report.Intended{{Name: "split", Kind: "partition", On: "blue", Share: 0.5, At: 2 * sec, For: 4 * sec, Cohort: 2}}
}

// Two of four clients are cut off from 2.1 s to 6.2 s.
//
//	client 0  notices at 4 s; dials at 4.1 s (in vain until 5.1 s), then at 5.5 s, which
//	          hangs until the way is clear and is usable at 6.6 s
//	client 1  notices at 5 s; dials at 6.3 s, is turned away at 6.4 s and gives up
//
// While the fault lasts, answers of the faulted cohort take 110 ms more.
func TestPartitionWithAClientThatNeverHeals(t *testing.T) {
	p := small(t, 4, func(run *report.Run) {
		split(run)
		run.Rate = 10
		run.Gates = []string{"recovery.t50 < 1s", "recovery.cleared.t99 < 10s", "recovery.client.max < 60s", "recovery.unhealed == 0"}
	})
	p.latencies(2, many{"response.baseline.faulted", 5, 10 * ms}, many{"response.baseline.control", 5, 10 * ms})
	p.edge(2*sec, "split", "commanded")
	p.edge(2100*ms, "split", "confirmed")
	// The second that began before the fault was confirmed does not count as in force, nor
	// the one that ended after it was cleared.
	p.latencies(3, many{"response.chaos.faulted", 5, 9 * sec}, many{"response.chaos.control", 5, 9 * sec})
	p.latencies(4, many{"response.chaos.faulted", 5, 120 * ms}, many{"response.chaos.control", 5, 11 * ms})
	p.lose(4*sec, 0, "half-open")
	p.step(4100*ms, 0, "timer", "dialing", nil)
	p.lose(5*sec, 1, "half-open")
	p.fail(5100*ms, 0, "timeout", "waiting")
	p.step(5500*ms, 0, "timer", "dialing", nil)
	p.edge(6200*ms, "split", "cleared")
	p.step(6300*ms, 1, "timer", "dialing", nil)
	p.fail(6400*ms, 1, "status", "gave up")
	p.step(6500*ms, 0, "opened", "proving", nil)
	p.step(6600*ms, 0, "proved", "ready", nil)
	p.latencies(7, many{"response.chaos.faulted", 5, 8 * sec})
	p.evidence(10*sec, "split", "confirmed", "")
	p.end(10 * sec)
	s := p.keep("partition")

	// Half of the fleet was usable all the time; 90 % of four clients are all four.
	want := report.Marks{Zero: 2100 * ms, T50: 0, T90: -1, T99: -1, T100: -1}
	assert.Equal(t, want, s.Recovery.Confirmed)
	want.Zero = 6200 * ms
	assert.Equal(t, want, s.Recovery.Cleared)
	assert.False(t, s.Recovery.Held)
	assert.Equal(t, 2, s.Recovery.Lost)
	assert.Equal(t, 1, s.Recovery.Healed)
	assert.Equal(t, 1, s.Recovery.Unhealed)
	assert.Equal(t, report.Quantiles{N: 2, Min: 2600 * ms, P50: 2600 * ms, P90: -1, P99: -1, Max: -1}, s.Recovery.Client)
	assert.Equal(t, report.Quantiles{N: 2, Min: 1900 * ms, P50: 1900 * ms, P90: 2900 * ms, P99: 2900 * ms, Max: 2900 * ms}, s.Recovery.Detect)
	assert.Equal(t, []report.Point{{}, {T: 4500 * ms, V: 0.5}}, s.Recovery.Curve)
	assert.Equal(t, 0.5, s.Metrics["recovery.healed"])
	assert.Contains(t, s.Unbounded, "recovery.cleared.t99")
	assert.Contains(t, s.Unbounded, "recovery.client.max")

	assert.Equal(t, 3, s.Storm.Attempts)
	assert.Equal(t, 1, s.Storm.Healed, "the dial at 5.5 s, though it began in vain")
	assert.Equal(t, 1, s.Storm.Hopeless)
	assert.Equal(t, 1, s.Storm.Collateral)
	assert.Equal(t, 0, s.Clients.Reset)
	assert.Equal(t, 3, s.Clients.Usable)

	assert.InEpsilon(t, 0.110, s.Metrics["latency.shift"], 1e-2)
	assert.InEpsilon(t, 0.001, s.Metrics["latency.control_shift"], 1e-2)
	assert.InEpsilon(t, 110*ms, s.Faults[0].Shift, 1e-2)

	assert.Equal(t, report.Fail, s.Verdict, "what was not reached breaks its gate; it is not without data")
	assert.Equal(t, []string{
		"gate recovery.cleared.t99 < 10s is broken: the level was not reached and held before the end of the run",
		"gate recovery.client.max < 60s is broken: so many clients never healed that the percentile falls among them",
		"gate recovery.unhealed == 0 is broken: it was 1",
	}, s.Reasons)
}

// Two resets: the first takes 1 s to heal, the second 2 s, and the second is what the
// fleet's recovery is judged by. Each client's outages are two, not one of 8 s.
func TestTwoFaults(t *testing.T) {
	p := small(t, 2, func(run *report.Run) {
		run.Faults = []report.Intended{{Name: "one", Kind: "reset", On: "blue", Share: 1, At: 2 * sec, Cohort: 2}, {Name: "two", Kind: "reset", On: "blue", Share: 1, At: 8 * sec, Cohort: 2}}
	})
	for _, f := range []struct {
		name      string
		at, dials int64
	}{{"one", 2 * sec, 2970 * ms}, {"two", 8 * sec, 9970 * ms}} {
		p.edge(f.at, f.name, "commanded")
		p.edge(f.at, f.name, "confirmed")
		p.lose(f.at, 0, "reset")
		p.lose(f.at, 1, "reset")
		p.up(f.dials, 0, "timer", nil)
		p.up(f.dials, 1, "timer", nil)
	}
	p.evidence(12*sec, "one", "confirmed", "")
	p.evidence(12*sec, "two", "confirmed", "")
	p.end(12 * sec)
	s := p.keep("two-faults")

	assert.Equal(t, report.Marks{Zero: 2 * sec, T50: sec, T90: sec, T99: sec, T100: sec}, s.Faults[0].Fleet)
	assert.Equal(t, report.Marks{Zero: 8 * sec, T50: 2 * sec, T90: 2 * sec, T99: 2 * sec, T100: 2 * sec}, s.Faults[1].Fleet)
	assert.Equal(t, s.Faults[1].Fleet, s.Recovery.Confirmed)
	assert.Equal(t, 2, s.Recovery.Lost)
	assert.Equal(t, report.Quantiles{N: 4, Min: sec, P50: sec, P90: 2 * sec, P99: 2 * sec, Max: 2 * sec}, s.Recovery.Client)
	assert.Equal(t, 2, s.Storm.Lost, "clients")
	assert.Equal(t, 4, s.Storm.Losses, "connections")
	assert.Equal(t, 1., s.Metrics["storm.peak_100ms"], "both at once is all that can be")
	assert.Equal(t, report.Pass, s.Verdict)
	assert.Empty(t, s.Reasons)
	assert.Empty(t, s.Warnings)
}

func TestOfTwoFaultsTheFirstMayBeTheWorst(t *testing.T) {
	p := small(t, 2, func(run *report.Run) {
		run.Faults = []report.Intended{{Name: "slow", Kind: "latency", At: 2 * sec, For: sec}, {Name: "cut", Kind: "reset", At: 4 * sec}}
	})
	p.edge(2*sec, "slow", "commanded")
	p.edge(2*sec, "slow", "confirmed")
	p.edge(3*sec, "slow", "cleared")
	p.edge(4*sec, "cut", "commanded")
	p.edge(4*sec, "cut", "confirmed")
	p.lose(4*sec, 0, "reset")
	p.up(5*sec, 0, "timer", nil)
	p.end(10 * sec)
	s := p.build()
	assert.Zero(t, s.Faults[0].Fleet.T100, "the second fault's fall is not the first one's")
	assert.Equal(t, 1030*ms, s.Faults[1].Fleet.T100)
	assert.Equal(t, 1030*ms, s.Recovery.Confirmed.T100)
	assert.Equal(t, 4*sec, s.Recovery.Confirmed.Zero)

	// An outage that the first fault began and that outlasts the second's command is the
	// first one's, too.
	p = small(t, 2, func(run *report.Run) {
		run.Faults = []report.Intended{{Name: "one", Kind: "reset", At: 2 * sec}, {Name: "two", Kind: "reset", At: 3 * sec}}
	})
	for i, name := range []string{"one", "two"} {
		at := int64(2+i) * sec
		p.edge(at, name, "commanded")
		p.edge(at, name, "confirmed")
		p.lose(at, i, "reset")
	}
	p.up(5*sec-30*ms, 0, "timer", nil)
	p.up(5*sec-30*ms, 1, "timer", nil)
	p.end(10 * sec)
	s = p.build()
	assert.Equal(t, 3*sec, s.Faults[0].Fleet.T100)
	assert.Equal(t, 2*sec, s.Faults[1].Fleet.T100)
	assert.Equal(t, 3*sec, s.Recovery.Confirmed.T100)
	assert.Equal(t, 2*sec, s.Recovery.Confirmed.Zero)
}

// A level counts from when it was reached for good, that is for the hold time of 1 s.
func TestHold(t *testing.T) {
	run := func(end int64, flaps ...int64) *report.Summary {
		p := small(t, 1, func(run *report.Run) {
			run.Faults = []report.Intended{{Name: "cut", Kind: "reset", On: "blue", Share: 1, At: 2 * sec}}
		})
		p.edge(2*sec, "cut", "commanded")
		p.edge(2*sec, "cut", "confirmed")
		p.lose(2*sec+ms, 0, "reset")
		up := true
		for _, at := range flaps {
			if up {
				p.up(at-30*ms, 0, "timer", nil)
			} else {
				p.lose(at, 0, "eof")
			}
			up = !up
		}
		p.evidence(end, "cut", "confirmed", "")
		p.end(end)
		return p.build()
	}
	for _, c := range []struct {
		about string
		end   int64
		flaps []int64
		t100  int64
	}{
		{"held", 4 * sec, []int64{3 * sec}, sec},
		{"held just long enough", 4 * sec, []int64{3 * sec}, sec},
		{"the run ends a nanosecond too early", 4*sec - 1, []int64{3 * sec}, -1},
		{"a flap within the hold time starts it afresh", 10 * sec, []int64{3 * sec, 3900 * ms, 5 * sec}, 3 * sec},
		{"a flap after exactly the hold time does not", 10 * sec, []int64{3 * sec, 4 * sec, 5 * sec}, sec},
		{"three flaps", 10 * sec, []int64{3 * sec, 3500 * ms, 4 * sec, 4500 * ms, 5 * sec}, 3 * sec},
		{"never", 10 * sec, nil, -1},
		{"lost again at the end, after it was held", 10 * sec, []int64{3 * sec, 9 * sec}, sec},
	} {
		s := run(c.end, c.flaps...)
		assert.Equal(t, c.t100, s.Recovery.Confirmed.T100, c.about)
		assert.Equal(t, c.t100 >= 0, s.Recovery.Held, c.about)
	}
	assert.Equal(t, 1, run(10*sec, 3*sec, 9*sec).Recovery.Unhealed)
}

// A fault that is noticed late: at its zero the fleet is whole and stays so for longer
// than the hold time, which must not pass for a recovery in no time.
func TestLateDetectionIsNotRecovery(t *testing.T) {
	p := small(t, 1, split)
	p.edge(2*sec, "split", "commanded")
	p.edge(2*sec, "split", "confirmed")
	p.lose(5*sec, 0, "half-open")
	p.edge(6*sec, "split", "cleared")
	p.up(6970*ms, 0, "timer", nil)
	p.end(10 * sec)
	s := p.build()
	assert.Equal(t, 5*sec, s.Recovery.Confirmed.T100)
	assert.Equal(t, sec, s.Recovery.Cleared.T100)
}

func TestNoFaults(t *testing.T) {
	p := small(t, 2, func(run *report.Run) { run.Rate, run.Gates = 10, []string{"messages.lost == 0", "latency.p50 < 1s"} })
	p.load(4, map[string]report.LoadCount{"chaos": {Intended: 20, Sent: 20, Acked: 20}}, nil)
	p.latencies(4, many{"response.chaos.control", 20, 5 * ms})
	p.end(10 * sec)
	s := p.keep("no-faults")
	assert.Equal(t, report.Pass, s.Verdict)
	for name := range s.Values() {
		assert.False(t, strings.HasPrefix(name, "recovery.") || strings.HasPrefix(name, "storm.") || strings.HasPrefix(name, "detect."),
			"%s has a value although nothing was broken", name)
	}
	assert.Equal(t, 1., s.Metrics["avail.time"])
	assert.Empty(t, s.Recovery.Zero)
}

// A fault that disturbs nobody: nothing was lost, and that is a finding, but there is no
// share of nothing.
func TestNobodyLost(t *testing.T) {
	p := small(t, 2, split)
	p.edge(2*sec, "split", "commanded")
	p.edge(2*sec, "split", "confirmed")
	p.edge(6*sec, "split", "cleared")
	p.evidence(10*sec, "split", "no effect", "no client of the cohort had a connection")
	p.end(10 * sec)
	s := p.build()
	assert.Equal(t, 0., s.Metrics["recovery.lost"])
	assert.Equal(t, 0., s.Metrics["recovery.t100"])
	for _, name := range []string{"recovery.healed", "recovery.client.p50", "detect.p50", "storm.peak_1s", "storm.amp", "storm.sync"} {
		assert.NotContains(t, s.Values(), name)
	}
	assert.Equal(t, report.Inconclusive, s.Verdict)
	assert.Equal(t, []string{"fault split is not confirmed: no effect: no client of the cohort had a connection"}, s.Reasons)
}

// What was killed: no end, half a line, and a line that was hit by something else.
func TestCutOff(t *testing.T) {
	p := small(t, 2, func(run *report.Run) { split(run); run.Gates = []string{"recovery.t99 < 8s"} })
	p.edge(2*sec, "split", "commanded")
	p.raw("{\"t\":2000000000,\"step\":{\"c\":\"zero\"}}\n")
	p.raw("\x00\x00\x00\n")
	p.lose(3*sec, 0, "half-open")
	p.raw(`{"t":3000000001,"step":{"c":1,"ge`)
	s := p.keep("cut-off")
	assert.Equal(t, "cut off", s.Ended.Reason)
	assert.Equal(t, 3*sec, s.Duration)
	assert.Equal(t, []string{
		"journal line 12: field step.c: expected int, got string; skipped",
		"journal line 13: not JSON at byte 1: invalid character '\\x00' looking for beginning of value; skipped",
		"journal line 15: cut off in the middle",
	}, s.Warnings)
	assert.Equal(t, report.Inconclusive, s.Verdict)
	assert.Equal(t, []string{
		"the run was cut off: the journal ends at 3 s without saying why",
		"fault split is not confirmed: unverifiable: the journal has no evidence of it",
		"gate recovery.t99 < 8s has no data: the run has no value for recovery.t99",
	}, s.Reasons)
	assert.Equal(t, 1, s.Recovery.Lost)
}

func TestNothingToReport(t *testing.T) {
	for _, c := range []struct{ journal, want string }{
		{"", "the journal is empty"},
		{"\n\n", "the journal is empty"},
		{"garbage\n", "the journal is empty: journal line 1: not JSON at byte 1: invalid character 'g' looking for beginning of value; skipped"},
		{`{"t":1,"phase":{"name":"warmup"}}` + "\n", "the journal does not begin with a record of what was run"},
		{`{"t":0,"run":{"schema":2}}` + "\n", "journal has schema 2, this wsheal reads schema 1: it was written by a newer wsheal"},
		{`{"t":0,"run":{}}` + "\n", "journal has schema 0, this wsheal reads schema 1"},
	} {
		s, err := report.Build(strings.NewReader(c.journal), strings.NewReader(""))
		assert.EqualError(t, err, c.want)
		assert.Nil(t, s)
	}
	_, err := report.Build(strings.NewReader(`{"t":0,"run":{"schema":7}}`), nil)
	var schema *report.SchemaError
	require.ErrorAs(t, err, &schema)
	assert.Equal(t, 7, schema.Got)
}

func TestTheClockGoesBack(t *testing.T) {
	p := small(t, 2, nil)
	p.begin(5*sec, "recovery")
	p.lose(9*sec, 0, "eof")
	p.begin(8900*ms, "verify") // neighbours may be out of order
	p.up(7*sec, 0, "timer", nil)
	p.end(10 * sec)
	s := p.build()
	assert.Empty(t, s.Warnings, "2 s: everything from there on is still held back")

	p = small(t, 2, nil)
	p.begin(5*sec, "recovery")
	p.lose(9*sec, 0, "eof")
	p.begin(11*sec, "verify")
	p.up(7*sec, 0, "timer", nil)
	p.end(12 * sec)
	s = p.build()
	require.Len(t, s.Warnings, 1)
	assert.Equal(t, "journal line 14: the clock went back by 2 s (3 records in all)", s.Warnings[0])
	assert.Equal(t, 2, s.Clients.Usable, "what went back is read all the same")
}

func TestRecordsThatCannotBe(t *testing.T) {
	p := small(t, 2, nil)
	p.step(3*sec, 2, "start", "dialing", nil)
	p.step(3*sec, -1, "start", "dialing", nil)
	p.write(report.Record{T: 10000 * sec, Note: &report.Note{Text: "from another run"}})
	p.write(report.Record{T: 3 * sec, Run: &report.Run{Schema: report.Schema}})
	p.edge(3*sec, "nobody", "commanded")
	p.end(4 * sec)
	s := p.build()
	assert.Equal(t, []string{
		"journal line 11: client 2, expected 0 to 1; skipped",
		"journal line 12: client -1, expected 0 to 1; skipped",
		"journal line 13: at 2 h 47 min, long after the run's plan ended; skipped",
		"journal line 14: a second run; skipped",
		"journal line 15: fault \"nobody\" is not one of the run's; skipped",
	}, s.Warnings)
	assert.Equal(t, 4*sec, s.Duration)
}

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

// A log that lost answers proves nothing about latency.
func TestIncompleteLatencies(t *testing.T) {
	build := func(answers int, gate string) *report.Summary {
		p := small(t, 1, func(run *report.Run) { run.Rate, run.Gates = 1000, []string{gate} })
		p.load(4, map[string]report.LoadCount{"chaos": {Intended: 1000, Sent: 1000, Acked: 1000}}, nil)
		p.latencies(4, many{"response.chaos.control", answers, 5 * ms})
		p.end(10 * sec)
		return p.build()
	}
	assert.Equal(t, report.Pass, build(990, "latency.p50 < 1s").Verdict)
	s := build(989, "latency.p50 < 1s")
	assert.Equal(t, report.Inconclusive, s.Verdict)
	assert.Equal(t, []string{"latency.hlog lacks 11 of the 1,000 answers that the journal counts"}, s.Reasons)
	s = build(989, "messages.lost == 0")
	assert.Equal(t, report.Pass, s.Verdict)
	assert.Equal(t, []string{"latency.hlog lacks 11 of the 1,000 answers that the journal counts"}, s.Warnings)
}

func TestWithoutLatencyLog(t *testing.T) {
	p := resetTape(t)
	s, err := report.Build(&p.journal, nil)
	require.NoError(t, err)
	assert.Contains(t, s.Warnings, "there is no latency.hlog")
	assert.NotContains(t, s.Values(), "latency.baseline.p50")
	assert.Contains(t, s.Unbounded, "latency.chaos.max", "the journal knows of the lost")
	assert.Equal(t, report.Inconclusive, s.Verdict)
}

func TestSameFilesSameBytes(t *testing.T) {
	p := resetTape(t)
	var first, second bytes.Buffer
	require.NoError(t, report.WriteJSON(&first, p.build()))
	for range 5 {
		second.Reset()
		require.NoError(t, report.WriteJSON(&second, p.build()))
		require.Equal(t, first.String(), second.String())
	}
}

// Runs longer than the timeline has points are drawn with coarser steps, and nothing is
// lost on the way.
func TestLongRun(t *testing.T) {
	p := newTape(t, report.Run{Clients: 1, Plan: []report.Planned{{Name: "baseline", To: 5000 * sec}}})
	p.begin(0, "baseline")
	p.up(0, 0, "start", nil)
	for at := int64(100); at < 5000; at += 100 {
		p.lose(at*sec, 0, "eof")
		p.step(at*sec+50*sec, 0, "timer", "dialing", nil)
		p.fail(at*sec+51*sec, 0, "refused", "waiting")
		p.up(at*sec+52*sec, 0, "timer", nil)
		if at != 3900 {
			continue
		}
		p.load(4000, map[string]report.LoadCount{"baseline": {Intended: 10, Acked: 10}}, nil)
	}
	p.end(5000 * sec)
	s := p.build()
	assert.Equal(t, 3200*ms, s.Timeline.Step) // 5000 s in at most 2000 steps of 100 ms times a power of two
	assert.Len(t, s.Timeline.Usable, 1563)
	assert.Equal(t, 99, sum(s.Timeline.Attempts))
	assert.Equal(t, 49, sum(s.Timeline.Failed))
	assert.Equal(t, 4*sec, s.Timeline.AckedStep)
	assert.Equal(t, 10., s.Timeline.Acked[999])
}

func sum(values []int) (n int) {
	for _, v := range values {
		n += v
	}
	return n
}
