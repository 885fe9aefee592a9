package report_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

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
	assertShift(t, 110*ms, s.Faults[0].Shift)

	assert.Equal(t, report.Fail, s.Verdict, "what was not reached breaks its gate; it is not without data")
	assert.Equal(t, []string{
		"gate recovery.cleared.t99 < 10s is broken: not reached and held by the end of the run",
		"gate recovery.client.max < 60s is broken: the percentile falls among the unhealed",
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

// A level counts from when it was reached for good, and for the hold time of 1 s at least.
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
		{"so does one after exactly the hold time", 10 * sec, []int64{3 * sec, 4 * sec, 5 * sec}, 3 * sec},
		{"and one long after it", 10 * sec, []int64{3 * sec, 7 * sec, 8 * sec}, 6 * sec},
		{"which must hold as well", 10 * sec, []int64{3 * sec, 7 * sec, 9*sec + 1}, -1},
		{"three flaps", 10 * sec, []int64{3 * sec, 3500 * ms, 4 * sec, 4500 * ms, 5 * sec}, 3 * sec},
		{"never", 10 * sec, nil, -1},
		{"lost again at the end, after it was held", 10 * sec, []int64{3 * sec, 9 * sec}, -1},
	} {
		s := run(c.end, c.flaps...)
		assert.Equal(t, c.t100, s.Recovery.Confirmed.T100, c.about)
		assert.Equal(t, c.t100 >= 0, s.Recovery.Held, c.about)
	}
	assert.Equal(t, 1, run(10*sec, 3*sec, 9*sec).Recovery.Unhealed)
}

// A fleet that came back, held, and is down at the end has not recovered, whatever its
// first return looked like.
func TestDownAtTheEndIsNoPass(t *testing.T) {
	p := small(t, 2, func(run *report.Run) {
		run.Faults = []report.Intended{{Name: "cut", Kind: "reset", On: "blue", Share: 1, At: 2 * sec}}
		run.Gates = []string{"recovery.t50 < 8s", "recovery.t99 < 8s"}
	})
	p.edge(2*sec, "cut", "commanded")
	p.edge(2*sec, "cut", "confirmed")
	p.lose(2*sec, 0, "reset")
	p.lose(2*sec, 1, "reset")
	p.up(2970*ms, 0, "timer", nil)
	p.up(2970*ms, 1, "timer", nil)
	p.lose(8*sec, 0, "eof")
	p.lose(8*sec, 1, "eof")
	p.evidence(20*sec, "cut", "confirmed", "")
	p.end(20 * sec)
	s := p.build()
	assert.Equal(t, report.Marks{Zero: 2 * sec, T50: -1, T90: -1, T99: -1, T100: -1}, s.Recovery.Confirmed)
	assert.False(t, s.Recovery.Held)
	assert.Equal(t, report.Fail, s.Verdict)
	assert.Len(t, s.Reasons, 2, "both gates are broken")
}

// Of two faults the first is judged up to the second's command: a fall before it is the
// first one's, however long after its recovery, and one at it is not.
func TestAFallBelongsToTheFaultBeforeIt(t *testing.T) {
	run := func(fall int64) *report.Summary {
		p := small(t, 1, func(run *report.Run) {
			run.Faults = []report.Intended{{Name: "one", Kind: "reset", At: 2 * sec}, {Name: "two", Kind: "reset", At: 8 * sec}}
		})
		p.edge(2*sec, "one", "commanded")
		p.edge(2*sec, "one", "confirmed")
		p.lose(2*sec, 0, "reset")
		p.up(2970*ms, 0, "timer", nil)
		if fall < 8*sec {
			p.lose(fall, 0, "eof")
		}
		p.edge(8*sec, "two", "commanded")
		p.edge(8*sec, "two", "confirmed")
		if fall >= 8*sec {
			p.lose(fall, 0, "eof")
		}
		p.up(8970*ms, 0, "timer", nil)
		p.end(20 * sec)
		return p.build()
	}
	s := run(8*sec - 1)
	assert.Equal(t, 7*sec, s.Faults[0].Fleet.T100)
	assert.Equal(t, sec, s.Faults[1].Fleet.T100)
	s = run(8 * sec)
	assert.Equal(t, sec, s.Faults[0].Fleet.T100)
	assert.Equal(t, sec, s.Faults[1].Fleet.T100)
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

// A curve has a point per client up to 200, and of more one for every few; the last client is
// a point of its own, or it would end below what it came to.
func TestTheCurveReachesItsEnd(t *testing.T) {
	for _, n := range []int{200, 201, 202} {
		p := small(t, n, func(run *report.Run) {
			run.Faults = []report.Intended{{Name: "cut", Kind: "reset", On: "blue", Share: 1, At: 2 * sec, Cohort: n}}
		})
		p.edge(2*sec, "cut", "commanded")
		p.edge(2*sec, "cut", "confirmed")
		for i := range n {
			p.lose(2*sec, i, "reset")
		}
		for i := range n {
			p.up(3*sec+int64(i)*30*ms, i, "timer", nil)
		}
		p.end(20 * sec)
		curve := p.build().Recovery.Curve
		assert.Equal(t, report.Point{T: sec + int64(n)*30*ms, V: 1}, curve[len(curve)-1])
		assert.Len(t, curve, map[int]int{200: 201, 201: 102, 202: 102}[n], "with that of nobody")
	}
}

// Of a fault that was never over there is a floor, from whenever that would be, and none that
// counts from it.
func TestTheFloorOfAFaultThatStays(t *testing.T) {
	p := small(t, 2, func(run *report.Run) { split(run); run.Mu = 1 })
	p.edge(2*sec, "split", "commanded")
	p.edge(2*sec, "split", "confirmed")
	p.lose(3*sec, 0, "half-open")
	p.end(10 * sec)
	r := p.build().Recovery
	assert.Equal(t, sec, r.Floor)
	assert.Zero(t, r.FloorNoticed)
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
