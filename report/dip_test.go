package report_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
)

// dipTape is a run of one client and 100 messages a second. Commanded 4 s, confirmed
// 4.2 s, over 5.2 s. Intervals end at the fault's edges, so there are shorter ones; the
// plan ends at 14 s, what is still answered afterwards counts in the last second.
//
//	until, s   due  sent  acked  given up  waiting    Q
//	2 3 4      100   100  100 98 102            0     (the baseline)
//	4.2         20    10   10                  10 ┐
//	5           80     0    0                  90 ┴ 0.1
//	5.2         20     0    0                 110 ┐
//	6           80    60   60                 130 ┴ 0.6
//	7          100   130   90                 100   0.9
//	8          100   190  150        10         0   1.5
//	9          100   100   92                   0   0.92
//	10 to 13   100   100  100                   0   1
//	14.3       100   100  100                   0   1
//
// The baseline's median is 100, the median distance from it 2; 3 of those, as a standard
// deviation, are 8.9, so that the usual band begins at 0.911.
func dipTape(t *testing.T) *tape {
	p := newTape(t, report.Run{
		Scenario: "dip", Policy: "by-hand", Clients: 1, Rate: 100, Guarantee: "at-least-once", Hold: sec, Endpoints: []string{"blue"},
		Plan: []report.Planned{
			{Name: "warmup", To: sec},
			{Name: "baseline", From: sec, To: 4 * sec},
			{Name: "chaos", From: 4 * sec, To: 6 * sec},
			{Name: "recovery", From: 6 * sec, To: 14 * sec},
		},
		Faults: []report.Intended{{Name: "slow", Kind: "latency", On: "blue", Share: 1, At: 4 * sec, For: sec, Cohort: 1}},
	})
	p.begin(0, "warmup")
	p.up(0, 0, "start", nil)
	p.begin(sec, "baseline")
	from := sec
	interval := func(to int64, phase string, due, sent, acked, dropped int64) {
		p.write(report.Record{T: to, Load: &report.Load{From: from, Phases: map[string]report.LoadCount{phase: {Intended: due, Sent: sent, Acked: acked, Dropped: dropped}}}})
		from = to
	}
	interval(2*sec, "baseline", 100, 100, 100, 0)
	interval(3*sec, "baseline", 100, 100, 98, 0)
	interval(4*sec, "baseline", 100, 100, 102, 0)
	p.begin(4*sec, "chaos")
	p.edge(4*sec, "slow", "commanded")
	p.edge(4200*ms, "slow", "confirmed")
	interval(4200*ms, "chaos", 20, 10, 10, 0)
	interval(5*sec, "chaos", 80, 0, 0, 0)
	p.edge(5200*ms, "slow", "cleared")
	interval(5200*ms, "chaos", 20, 0, 0, 0)
	interval(6*sec, "chaos", 80, 60, 60, 0)
	p.begin(6*sec, "recovery")
	interval(7*sec, "recovery", 100, 130, 90, 0)
	p.write(report.Record{T: 8 * sec, Load: &report.Load{From: from, Phases: map[string]report.LoadCount{
		"chaos": {Sent: 90, Acked: 50, Dropped: 10}, "recovery": {Intended: 100, Sent: 100, Acked: 100},
	}}})
	from = 8 * sec
	interval(9*sec, "recovery", 100, 100, 92, 0)
	for k := int64(10); k <= 13; k++ {
		interval(k*sec, "recovery", 100, 100, 100, 0)
	}
	interval(14300*ms, "recovery", 100, 100, 100, 0)
	p.evidence(14300*ms, "slow", "confirmed", "")
	p.end(14300 * ms)
	return p
}

func TestDip(t *testing.T) {
	s := dipTape(t).keep("dip")
	require.NotNil(t, s.Dip)
	assert.InDelta(t, 100, s.Dip.Base, 1e-12)
	assert.InDelta(t, 1-3*1.4826*2/100, s.Dip.Band, 1e-12)
	for name, want := range map[string]float64{
		"dip.depth": 0.9,
		"dip.width": 3,                                // the stretches that end at 5, 6 and 7 s
		"dip.area":  0.9 + 0.4 + 0.1 + 0.08,           // 0.92 is in the band, and missing all the same
		"dip.slope": (1.5 - 0.1) / 3, "dip.back": 1.8, // from 4.5 to 7.5 s; 7 s less 5.2 s
		"dip.overshoot": 0.5, "recovery.caught_up": 2.8, // 8 s less 5.2 s
		// Due 1300, sent 1290, answered 1202.
		"messages.lost": 98, "messages.broken": 98, "messages.unsent": 10, "messages.in_flight": 88, "messages.dropped": 10,
		"budget.msg": 13.3 * 98 / 1300 / 2592, "budget.time": 0,
	} {
		assert.InDelta(t, want, s.Metrics[name], 1e-12, name)
	}
	assert.InDelta(t, 1-1.48/10, s.Dip.Kept, 1e-12)
	assert.InDelta(t, 0.902, s.Dip.Last, 1e-12)
	assert.Equal(t, int64(3), s.Samples["dip.depth"])
	assert.NotContains(t, s.Values(), "avail.msg_1s", "there are no latencies, which is not none in time")
}

// What there is too little to say of has no value.
func TestDipNeedsABaseline(t *testing.T) {
	build := func(seconds int64, acked int64) *report.Summary {
		p := small(t, 1, func(run *report.Run) {
			run.Rate = 10
			run.Faults = []report.Intended{{Name: "cut", At: 8 * sec}}
			run.Plan = []report.Planned{{Name: "baseline", To: 8 * sec}, {Name: "recovery", From: 8 * sec, To: 12 * sec}}
		})
		for k := 8 - seconds + 1; k <= 8; k++ {
			p.load(k, map[string]report.LoadCount{"baseline": {Intended: 10, Sent: 10, Acked: acked}}, nil)
		}
		p.edge(8*sec, "cut", "commanded")
		p.edge(8*sec, "cut", "confirmed")
		for k := int64(9); k <= 12; k++ {
			p.load(k, map[string]report.LoadCount{"recovery": {Intended: 10, Sent: 10, Acked: 10}}, nil)
		}
		p.end(12 * sec)
		return p.build()
	}
	assert.Nil(t, build(2, 10).Dip, "two seconds of baseline")
	assert.Nil(t, build(5, 0).Dip, "no answers in it")
	assert.NotContains(t, build(2, 10).Values(), "dip.depth")
	s := build(3, 10)
	assert.Equal(t, &report.Dip{Base: 10, N: 3, Band: 0.95, Kept: 1, Last: 1}, s.Dip, "no dip is 0")
	assert.Equal(t, 0., s.Metrics["dip.back"])
	assert.NotContains(t, s.Values(), "dip.slope", "nothing was regained")
}

// Back in the band counts once it is for good, and for the hold time.
func TestDipThatDoesNotHold(t *testing.T) {
	build := func(answers ...int64) *report.Dip {
		p := newTape(t, report.Run{Clients: 1, Rate: 10, Hold: 2 * sec, Faults: []report.Intended{{Name: "cut", At: 3 * sec}}})
		p.begin(0, "baseline")
		for k, acked := range answers {
			if k == 3 {
				p.edge(3*sec, "cut", "commanded")
				p.edge(3*sec, "cut", "confirmed")
			}
			p.load(int64(k)+1, map[string]report.LoadCount{"x": {Intended: 10, Sent: 10, Acked: acked}}, nil)
		}
		p.end(int64(len(answers)) * sec)
		return p.build().Dip
	}
	assert.Equal(t, sec, build(10, 10, 10, 5, 10, 10).Back)
	assert.Equal(t, int64(-1), build(10, 10, 10, 5, 10).Back, "a second is less than the hold")
	assert.Equal(t, int64(-1), build(10, 10, 10, 5, 10, 10, 10, 9).Back)
	assert.Equal(t, 3*sec, build(10, 10, 10, 5, 10, 5, 10, 10).Back, "the end of the last fall")
}
