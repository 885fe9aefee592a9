package report_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/wsheal/wsheal/report"
)

// broken is a run of one client that is cut off by a reset at 2 s and loses its
// connection at once.
func broken(t *testing.T, clients int) *tape {
	p := small(t, clients, func(run *report.Run) {
		run.Faults = []report.Intended{{Name: "cut", Kind: "reset", On: "blue", Share: 1, At: 2 * sec, Cohort: clients}}
		run.Plan[3].To = 1000 * sec
	})
	p.edge(2*sec, "cut", "commanded")
	p.edge(2*sec, "cut", "confirmed")
	for i := range clients {
		p.lose(2*sec, i, "reset")
	}
	return p
}

// The peaks of the sliding windows are those that trying every window finds. Attempts
// exactly a window apart are not in the same one.
func TestPeaksAreExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	for range 20 {
		n := 1 + rng.IntN(300)
		times := make([]int64, n)
		for i := range times {
			times[i] = 3*sec + rng.Int64N(40)*50*ms // many at the same time, or exactly a window apart
		}
		slices.Sort(times)
		p := broken(t, n)
		for i, at := range times {
			p.step(at, i, "timer", "dialing", nil)
		}
		p.end(10 * sec)
		peak := func(width int64) (most int) {
			for i := range times {
				in := 0
				for _, at := range times[i:] {
					if at < times[i]+width {
						in++
					}
				}
				most = max(most, in)
			}
			return most
		}
		s := p.build()
		assert.Equal(t, peak(100*ms), s.Storm.Peak100ms)
		assert.Equal(t, peak(sec), s.Storm.Peak1s)
		assert.Equal(t, n, s.Storm.Attempts)
		assert.Zero(t, s.Storm.Hopeless+s.Storm.Collateral+s.Storm.Healed, "none has ended")
	}
}

// The window forgets what is long past, however much it was.
func TestPeakOfALongStorm(t *testing.T) {
	p := broken(t, 1)
	for i := range int64(10_000) {
		at := 3*sec + i*10*ms
		p.step(at, 0, "timer", "dialing", nil)
		p.fail(at+ms, 0, "refused", "waiting")
	}
	p.end(200 * sec)
	s := p.build()
	assert.Equal(t, 10, s.Storm.Peak100ms)
	assert.Equal(t, 100, s.Storm.Peak1s)
	assert.Equal(t, 10_000, s.Storm.Collateral)
}

// Waves: k equal ones far apart have S near 1/k, all at once 1, an even spread 0.
func TestSynchronisationIndex(t *testing.T) {
	index := func(n int, at func(i int) int64) float64 {
		p := broken(t, n)
		times := make([]int64, n)
		for i := range times {
			times[i] = at(i)
		}
		slices.Sort(times)
		for i, t := range times {
			p.up(t, i, "timer", nil)
		}
		p.end(1000 * sec)
		return p.build().Storm.Sync
	}
	assert.InDelta(t, 0, index(300, func(i int) int64 { return 2*sec + int64(i)*100*ms }), 1e-9)
	assert.InDelta(t, 1, index(300, func(int) int64 { return 32 * sec }), 1e-9)
	// 4 waves of 100 over 30.03 s, 301 bins: D = 4·100·99/(400·399).
	d, even := 4.*100*99/(400*399), 1./301
	assert.InDelta(t, (d-even)/(1-even), index(400, func(i int) int64 { return 2*sec + int64(i%4+1)*7500*ms }), 1e-9)
	assert.InDelta(t, 1, index(2, func(int) int64 { return 2010 * ms }), 1e-9, "back within one bin")
	assert.InDelta(t, 0, index(1, func(int) int64 { return 5 * sec }), 1e-9, "one attempt is no storm")
}

// A policy that redials at once ends one attempt and begins the next in one step.
func TestRedialAtOnce(t *testing.T) {
	p := broken(t, 1)
	p.step(2*sec, 0, "timer", "dialing", nil)
	for i := range int64(4) {
		p.step(2*sec+(i+1)*10*ms, 0, "failed", "dialing", func(s *report.Step) { s.Cause, s.Code = "status", 503 })
	}
	p.step(2*sec+50*ms, 0, "opened", "proving", nil)
	p.step(2*sec+60*ms, 0, "lost", "dialing", func(s *report.Step) { s.Cause = "eof" }) // accepted, then closed
	p.step(2*sec+70*ms, 0, "opened", "proving", nil)
	p.step(5*sec, 0, "timer", "dialing", nil) // open, but no exchange in time
	p.step(8*sec, 0, "timer", "waiting", nil) // and not even an answer
	p.end(10 * sec)
	s := p.build()
	assert.Equal(t, 7, s.Storm.Attempts)
	assert.Equal(t, 0, s.Storm.Healed)
	assert.Equal(t, 7, s.Storm.Collateral)
	assert.Contains(t, s.Unbounded, "storm.amp")
	assert.Equal(t, []report.CauseRow{
		{Event: "failed", Cause: "status", Code: 503, Count: 4, Clients: 1},
		{Event: "lost", Cause: "reset", Count: 1, Clients: 1},
		{Event: "failed", Cause: "eof", Count: 1, Clients: 1},
		{Event: "failed", Cause: "timeout", Count: 1, Clients: 1},
		{Event: "failed", Cause: "unproved", Count: 1, Clients: 1},
	}, s.Causes)
}

// A client that its owner closes has lost nothing, and what it was at has not failed.
func TestClosedByItsOwner(t *testing.T) {
	p := broken(t, 2)
	p.up(3*sec, 0, "timer", nil)
	p.step(4*sec, 0, "close", "retired", nil)
	p.step(3*sec, 1, "timer", "dialing", nil)
	p.step(4*sec, 1, "close", "retired", nil)
	p.end(10 * sec)
	s := p.build()
	assert.Equal(t, 2, s.Storm.Losses)
	assert.Equal(t, 2, s.Storm.Attempts)
	assert.Zero(t, s.Storm.Collateral)
	assert.Equal(t, []report.CauseRow{{Event: "lost", Cause: "reset", Count: 2, Clients: 2}}, s.Causes)
}

// Hopeless or collateral is decided by the last fault's cleared edge, although edges are
// written late and thousands of attempts have failed by then.
func TestHopelessUntilTheLastFaultIsCleared(t *testing.T) {
	build := func(clearedB int64, writtenB int64) *report.Summary {
		p := small(t, 1, func(run *report.Run) {
			run.Faults = []report.Intended{{Name: "a", At: 2 * sec, For: 8 * sec}, {Name: "b", At: 20 * sec, For: 10 * sec}}
			run.Plan[3].To = 100 * sec
		})
		p.edge(2*sec, "a", "commanded")
		p.edge(2*sec, "a", "confirmed")
		p.lose(2*sec, 0, "reset")
		for i := range int64(5000) { // one failed attempt each 10 ms from 3 s to 53 s
			at := 3*sec + i*10*ms
			p.step(at, 0, "timer", "dialing", nil)
			p.fail(at+5*ms, 0, "refused", "waiting")
			switch at {
			case 10 * sec:
				p.edge(10*sec+ms, "a", "cleared")
			case 20 * sec:
				p.edge(20*sec+ms, "b", "commanded")
				p.edge(20*sec+ms, "b", "confirmed")
			case writtenB:
				p.edge(clearedB, "b", "cleared")
			}
		}
		p.end(60 * sec)
		return p.build()
	}
	for _, written := range []int64{30 * sec, 38 * sec, 44 * sec} {
		s := build(30*sec+ms, written)
		assert.Equal(t, 2701, s.Storm.Hopeless, "begun from 3 s to 30 s")
		assert.Equal(t, 2299, s.Storm.Collateral)
		assert.Empty(t, s.Warnings)
	}
	s := build(0, -1)
	assert.Equal(t, 5000, s.Storm.Hopeless, "never cleared")
	assert.Zero(t, s.Storm.Collateral)
}

// An attempt that began in the instant of an edge is collateral, also when the edge is the
// latest that still counts: those that began before it were told apart just now, for the
// first time, 15 s late and the second by which records are held back to be put in order.
func TestBegunAsTheFaultWasOver(t *testing.T) {
	const n, begun = 1024 + 50, 8480 * ms
	p := small(t, 1, func(run *report.Run) {
		run.Faults = []report.Intended{{Name: "cut", Kind: "reset", On: "blue", Share: 1, At: 2 * sec, For: 6 * sec, Cohort: 1}}
		run.Plan[3].To = 100 * sec
	})
	p.edge(2*sec, "cut", "commanded")
	p.edge(2*sec, "cut", "confirmed")
	p.lose(2*sec, 0, "reset")
	at := 3 * sec
	for range n {
		p.step(at, 0, "timer", "dialing", nil)
		at += 20 * ms
		p.fail(at, 0, "refused", "waiting")
	}
	assert.Equal(t, begun+16*sec, at)
	p.edge(begun, "cut", "cleared")
	p.end(60 * sec)
	s := p.build()
	before := int((begun - 3*sec) / (20 * ms))
	assert.Equal(t, []int{before, n - before}, []int{s.Storm.Hopeless, s.Storm.Collateral})
}

// An attempt that was under way as the fault came is none of the storm, however it ends.
func TestAttemptsBeforeTheFaultAreNone(t *testing.T) {
	p := small(t, 3, func(run *report.Run) {
		run.Faults = []report.Intended{{Name: "cut", Kind: "reset", On: "blue", Share: 1, At: 2 * sec, Cohort: 3}}
	})
	p.lose(1900*ms, 0, "reset")
	p.step(1950*ms, 0, "timer", "dialing", nil)
	p.lose(1900*ms, 2, "reset")
	p.step(1960*ms, 2, "timer", "dialing", nil)
	p.edge(2*sec, "cut", "commanded")
	p.edge(2*sec, "cut", "confirmed")
	p.lose(2*sec, 1, "reset")
	p.step(2100*ms, 0, "failed", "waiting", nil)
	p.step(2100*ms, 2, "opened", "proving", nil)
	p.step(2110*ms, 2, "proved", "ready", nil)
	p.step(2200*ms, 1, "timer", "dialing", nil)
	p.step(2300*ms, 1, "failed", "waiting", nil)
	p.end(10 * sec)
	s := p.build().Storm
	assert.Equal(t, []int{1, 1, 0}, []int{s.Attempts, s.Hopeless + s.Collateral, s.Healed})
}

// The first attempt since each loss is told from its retries, also one that the loss itself
// brings with it.
func TestFirstAttemptsOfEachLoss(t *testing.T) {
	p := broken(t, 2)
	p.step(3*sec, 0, "timer", "dialing", nil)
	p.fail(3100*ms, 0, "refused", "waiting")
	p.up(4*sec, 0, "timer", nil)
	p.step(5*sec, 0, "lost", "dialing", nil) // at once
	p.fail(5100*ms, 0, "refused", "waiting")
	p.up(6*sec, 0, "timer", nil)
	p.lose(7*sec, 0, "reset")
	p.up(8*sec, 0, "timer", nil)
	p.end(10 * sec)
	s := p.build().Storm
	assert.Equal(t, []int{5, 3}, []int{s.Attempts, s.First})
}

// A second fault does not begin the count anew: what is under way as it comes is counted, and
// so is one that began in the instant of the first.
func TestALaterFaultBeginsNoOtherStorm(t *testing.T) {
	p := small(t, 1, func(run *report.Run) {
		run.Faults = []report.Intended{{Name: "a", Kind: "reset", On: "blue", Share: 1, At: 2 * sec, Cohort: 1}, {Name: "b", Kind: "reset", On: "blue", Share: 1, At: 4 * sec, Cohort: 1}}
	})
	p.edge(2*sec, "a", "commanded")
	p.edge(2*sec, "a", "confirmed")
	p.lose(2*sec, 0, "reset")
	p.step(2*sec, 0, "timer", "dialing", nil)
	p.fail(3*sec, 0, "timeout", "waiting")
	p.step(3500*ms, 0, "timer", "dialing", nil)
	p.edge(4*sec, "b", "commanded")
	p.edge(4*sec, "b", "confirmed")
	p.fail(4500*ms, 0, "timeout", "waiting")
	p.end(10 * sec)
	s := p.build().Storm
	assert.Equal(t, []int{2, 2}, []int{s.Attempts, s.Hopeless + s.Collateral})
}

// The bins begin with the first loss, which is no client that its owner closes, and no later
// one; they end with the last that was seen when the fleet is not back in full.
func TestBinsOfAStorm(t *testing.T) {
	p := small(t, 3, func(run *report.Run) {
		run.Faults = []report.Intended{{Name: "cut", Kind: "reset", On: "blue", Share: 1, At: 2 * sec, Cohort: 3}}
	})
	p.edge(2*sec, "cut", "commanded")
	p.edge(2*sec, "cut", "confirmed")
	p.step(2500*ms, 0, "close", "retired", nil)
	p.lose(3*sec, 1, "reset")
	p.lose(5*sec, 2, "reset")
	p.step(5950*ms, 1, "timer", "dialing", nil)
	p.end(10 * sec)
	s := p.build().Storm
	assert.EqualValues(t, 30, s.Bins, "from 3 s on, the last being that of the attempt")
}

// A fleet that was back in full in the instant of its first loss, for another client came, has
// its bins up to the last attempt all the same.
func TestBackInTheInstantOfTheFirstLoss(t *testing.T) {
	p := newTape(t, report.Run{
		Scenario: "spare", Policy: "by-hand", Clients: 2, Hold: sec, Endpoints: []string{"blue"},
		Plan:   []report.Planned{{Name: "warmup", To: sec}, {Name: "baseline", From: sec, To: 2 * sec}, {Name: "chaos", From: 2 * sec, To: 20 * sec}},
		Faults: []report.Intended{{Name: "cut", Kind: "reset", On: "blue", Share: 1, At: 2 * sec, Cohort: 2}},
	})
	p.begin(0, "warmup")
	p.up(0, 0, "start", nil)
	p.step(0, 1, "start", "dialing", nil)
	p.begin(sec, "baseline")
	p.begin(2*sec, "chaos")
	p.edge(2*sec, "cut", "commanded")
	p.edge(2*sec, "cut", "confirmed")
	p.step(2*sec, 1, "opened", "proving", nil)
	p.step(2*sec, 1, "proved", "ready", nil)
	p.lose(2*sec, 0, "reset")
	p.step(2950*ms, 0, "timer", "dialing", nil)
	p.end(20 * sec)
	s := p.build()
	assert.Zero(t, s.Recovery.Confirmed.T100)
	assert.EqualValues(t, 10, s.Storm.Bins)
}

// Who waits longest at the end is told, whoever was lost last; a client that dials in the
// instant of its loss has waited for nothing, which is a time as well.
func TestWaitingAndDialingAtOnce(t *testing.T) {
	p := small(t, 2, func(run *report.Run) {
		run.Faults = []report.Intended{{Name: "cut", Kind: "reset", On: "blue", Share: 1, At: 2 * sec, Cohort: 2}}
	})
	p.edge(2*sec, "cut", "commanded")
	p.edge(2*sec, "cut", "confirmed")
	p.step(2*sec, 0, "lost", "dialing", nil)
	p.lose(5*sec, 1, "reset")
	p.end(10 * sec)
	r := p.build().Recovery
	assert.Equal(t, 8*sec, r.Waited)
	assert.Equal(t, 1, r.FirstTry.N)
	assert.Zero(t, r.FirstTry.Max)
}
