package report_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
)

// at makes a step that is about an endpoint.
func at(endpoint uint8) func(*report.Step) {
	return func(s *report.Step) { s.Endpoint = endpoint }
}

// Four clients of one pool, 0 and 1 on blue, 2 and 3 on green. Blue dies; the fault is
// confirmed at 2.1 s and over at 6.1 s. In seconds:
//
//	client 0  lost 2.2, asks; dials blue 2.5, refused 2.6; asks 3.0; dials green 3.4, open
//	          3.5, usable 3.6; lost again 4.0; asks 4.4; dials green 4.5, open 4.6, usable 4.8
//	client 1  lost 3.1; asks 3.6; dials blue 3.7; gives up 4.2; the run ends at 12
//	client 3  lost 7.0; asks 7.3; dials blue 7.4, open 7.5, usable 7.6
//
// Taken apart, the time from the confirmation until the loss was noticed first:
//
//	          detect  backoff  admission  failed  dial  prove  relapse  stopped  whole
//	client 0     0.1      0.8        0.8     0.3   0.1    0.2      0.4             2.7
//	client 1     1.0      0.5        0.1     0.5                            7.8    9.9
//	client 3     4.9      0.3        0.1           0.1    0.1                      5.5
//	together     6.0      1.6        1.0     0.8   0.2    0.3      0.4      7.8   18.1
func failoverTape(t *testing.T) *tape {
	p := newTape(t, report.Run{
		Scenario: "failover", Policy: "by-hand", Clients: 4, Sharing: true, Hold: sec, Endpoints: []string{"blue", "green"},
		Plan: []report.Planned{
			{Name: "warmup", To: sec},
			{Name: "baseline", From: sec, To: 2 * sec},
			{Name: "chaos", From: 2 * sec, To: 6 * sec},
			{Name: "recovery", From: 6 * sec, To: 12 * sec},
		},
		Faults: []report.Intended{{Name: "kill", Kind: "kill", On: "blue", Share: 1, At: 2 * sec, For: 4 * sec, Cohort: 2}},
	})
	p.begin(0, "warmup")
	for i := range 4 {
		p.step(0, i, "start", "dialing", at(uint8(i/2)))
		p.step(20*ms, i, "opened", "proving", at(uint8(i/2)))
		p.step(30*ms, i, "proved", "ready", at(uint8(i/2)))
	}
	p.begin(sec, "baseline")
	p.begin(2*sec, "chaos")
	p.edge(2*sec, "kill", "commanded")
	p.edge(2100*ms, "kill", "confirmed")
	p.step(2200*ms, 0, "lost", "asking", func(s *report.Step) { s.Cause = "reset" })
	p.step(2500*ms, 0, "admitted", "dialing", at(0))
	p.fail(2600*ms, 0, "refused", "waiting")
	p.step(3*sec, 0, "timer", "asking", nil)
	p.lose(3100*ms, 1, "half-open")
	p.step(3400*ms, 0, "admitted", "dialing", at(1))
	p.step(3500*ms, 0, "opened", "proving", at(1))
	p.step(3600*ms, 0, "proved", "ready", at(1))
	p.step(3600*ms, 1, "timer", "asking", nil)
	p.step(3700*ms, 1, "admitted", "dialing", at(0))
	p.step(4*sec, 0, "lost", "waiting", func(s *report.Step) { s.Cause, s.Endpoint = "eof", 1 })
	p.fail(4200*ms, 1, "tls", "gave up")
	p.step(4400*ms, 0, "timer", "asking", nil)
	p.step(4500*ms, 0, "admitted", "dialing", at(1))
	p.step(4600*ms, 0, "opened", "proving", at(1))
	p.step(4800*ms, 0, "proved", "ready", at(1))
	p.begin(6*sec, "recovery")
	p.edge(6100*ms, "kill", "cleared")
	p.step(7*sec, 3, "lost", "waiting", func(s *report.Step) { s.Cause, s.Endpoint = "eof", 1 })
	p.step(7300*ms, 3, "timer", "asking", at(1))
	p.step(7400*ms, 3, "admitted", "dialing", at(0))
	p.step(7500*ms, 3, "opened", "proving", at(0))
	p.step(7600*ms, 3, "proved", "ready", at(0))
	p.evidence(12*sec, "kill", "confirmed", "2 of 2 clients were hit")
	p.end(12 * sec)
	return p
}

func TestOutagesOfAFailover(t *testing.T) {
	s := failoverTape(t).keep("failover")
	o := s.Recovery.Outages
	require.NotNil(t, o)
	assert.Equal(t, 3, o.N)
	assert.InDelta(t, 18.1, o.Total, 1e-12)
	total := map[string]float64{}
	for _, p := range o.Parts {
		total[p.Name] = p.Total
		assert.InDelta(t, p.Total/18.1, s.Metrics["outage."+p.Name+".share"], 1e-12, p.Name)
	}
	for name, want := range map[string]float64{"detect": 6, "backoff": 1.6, "admission": 1, "failed": 0.8, "tcp": 0, "tls": 0, "upgrade": 0, "dial": 0.2, "prove": 0.3, "relapse": 0.4, "stopped": 7.8} {
		assert.InDelta(t, want, total[name], 1e-12, name)
		delete(total, name)
	}
	assert.Empty(t, total)
	assert.Equal(t, []report.Outage{
		{Client: 1, Fault: "kill", Lost: 3100 * ms, Back: -1, Whole: 9900 * ms, Attempts: 1, Parts: map[string]int64{"detect": sec, "backoff": 500 * ms, "admission": 100 * ms, "failed": 500 * ms, "stopped": 7800 * ms}},
		{Client: 3, Fault: "kill", Lost: 7 * sec, Back: 7600 * ms, Whole: 5500 * ms, Attempts: 1, Parts: map[string]int64{"detect": 4900 * ms, "backoff": 300 * ms, "admission": 100 * ms, "dial": 100 * ms, "prove": 100 * ms}},
		{Client: 0, Fault: "kill", Lost: 2200 * ms, Back: 4800 * ms, Whole: 2700 * ms, Attempts: 3, Parts: map[string]int64{"detect": 100 * ms, "backoff": 800 * ms, "admission": 800 * ms, "failed": 300 * ms, "dial": 100 * ms, "prove": 200 * ms, "relapse": 400 * ms}},
	}, withoutStrips(o.Slowest))

	// Client 0 was usable before the fault was over; client 1 never was again.
	assert.Equal(t, report.Quantiles{N: 3, Min: 0, P50: 600 * ms, P90: -1, P99: -1, Max: -1}, s.Recovery.Lag)
	assert.Equal(t, report.Quantiles{N: 3, Min: 2700 * ms, P50: 5500 * ms, P90: -1, P99: -1, Max: -1}, s.Recovery.Onset)
	assert.Equal(t, report.Quantiles{N: 3, Min: 300 * ms, P50: 400 * ms, P90: 600 * ms, P99: 600 * ms, Max: 600 * ms}, s.Recovery.FirstTry)
	assert.Equal(t, 8.9, s.Metrics["recovery.waited"])
	// 0.6 and 2.6 s seen to the end, 8.9 s so far: a third is still down after 2.6 s.
	assert.Equal(t, &report.Estimate{P50: 2600 * ms, P90: -1, P99: -1}, s.Recovery.Estimate)

	// Five attempts; those at 2.5, 3.7, 4.5 and 7.4 s are the first since a loss, those at 2.5
	// and 3.7 s failed.
	assert.Equal(t, 0.25, s.Metrics["storm.retry_ratio"])
	assert.Equal(t, 0.4, s.Metrics["storm.wasted"])
	assert.Equal(t, 0., s.Metrics["storm.collateral_rate"])

	// Two and two before; one and two of three at the end.
	assert.Equal(t, []report.EndpointRow{{Name: "blue", Before: 2, After: 1, Attempts: 3, Failed: 2}, {Name: "green", Before: 2, After: 2, Attempts: 2}}, s.Balance.Endpoints)
	assert.Equal(t, 0.5, s.Metrics["balance.before"])
	assert.InDelta(t, 2./3, s.Metrics["balance.after"], 1e-12)
	assert.InDelta(t, 1./6, s.Metrics["balance.shift"], 1e-12)

	// Down: client 0 from 2.2 to 3.6 and 4.0 to 4.8, client 1 8.9 s, client 3 0.6 s.
	assert.InDelta(t, 11.7, s.Metrics["avail.lost"], 1e-9)
	assert.InDelta(t, 2.925/2592, s.Metrics["budget.time"], 1e-12)
	assert.NotContains(t, s.Values(), "budget.msg", "no load is not no errors")
	assert.NotContains(t, s.Values(), "storm.metastable", "5.9 s are too few to tell")
	assert.Equal(t, "too early", s.Metastable.State)
}

// An attempt that is under way at the end has brought nobody back.
func TestOutageThatEndsInAnAttempt(t *testing.T) {
	p := broken(t, 1)
	p.step(3*sec, 0, "timer", "dialing", nil)
	p.step(4*sec, 0, "opened", "proving", nil)
	p.end(6 * sec)
	assert.Equal(t, []report.Outage{
		{Client: 0, Fault: "cut", Lost: 2 * sec, Back: -1, Whole: 4 * sec, Attempts: 1, Parts: map[string]int64{"backoff": sec, "failed": 3 * sec}},
	}, withoutStrips(p.build().Recovery.Outages.Slowest))
}

// A replacement that is being dialled is not where its client is.
func TestBalanceDuringAMove(t *testing.T) {
	p := newTape(t, report.Run{Clients: 2, Hold: sec, Endpoints: []string{"blue", "green"}, Faults: []report.Intended{{Name: "slow", At: 2 * sec, For: sec}}})
	p.begin(0, "baseline")
	p.up(0, 0, "start", nil)
	p.up(0, 1, "start", nil)
	p.step(sec, 0, "move", "moving", at(1))
	p.edge(2*sec, "slow", "commanded")
	p.step(3*sec, 0, "opened", "joining", at(1))
	p.step(4*sec, 0, "proved", "ready", at(1))
	p.step(5*sec, 1, "move", "moving", at(1))
	p.step(6*sec, 1, "failed", "ready", at(0))
	p.end(7 * sec)
	assert.Equal(t, []report.EndpointRow{{Name: "blue", Before: 2, After: 1}, {Name: "green", After: 1}}, p.build().Balance.Endpoints)
}

// Outages that are not over are neither dropped nor taken for longer than any: those that
// were seen for half a second say nothing of what comes after it. In seconds, with + for
// not over at the end: 1, 2, 0.5+, 0.5+, 0.5+. At 1 s two are at risk, of which one heals.
func TestCensoredOutages(t *testing.T) {
	p := small(t, 5, func(run *report.Run) {
		run.Faults = []report.Intended{{Name: "cut", Kind: "reset", On: "blue", Share: 1, At: 2 * sec, Cohort: 5}}
	})
	p.edge(2*sec, "cut", "commanded")
	p.edge(2*sec, "cut", "confirmed")
	p.lose(2*sec, 0, "reset")
	p.lose(2*sec, 1, "reset")
	p.up(2970*ms, 0, "timer", nil)
	p.up(3970*ms, 1, "timer", nil)
	for i := 2; i < 5; i++ {
		p.lose(9500*ms, i, "eof")
	}
	p.evidence(10*sec, "cut", "confirmed", "")
	p.end(10 * sec)
	s := p.keep("censored")
	assert.Equal(t, report.Quantiles{N: 5, Min: sec, P50: -1, P90: -1, P99: -1, Max: -1}, s.Recovery.Client, "as longer than any")
	assert.Equal(t, &report.Estimate{P50: sec, P90: 2 * sec, P99: 2 * sec}, s.Recovery.Estimate)
	assert.Equal(t, 500*ms, s.Recovery.Waited)
	require.Len(t, s.Recovery.Survival, 2)
	// Greenwood's sum is 1/(2·1); on the log-log scale 1.96·sqrt(0.5)/ln 2 = 1.99944.
	first := s.Recovery.Survival[0]
	assert.Equal(t, sec, first.T)
	assert.Equal(t, 0.5, first.Down)
	assert.Equal(t, 2, first.AtRisk)
	assert.InDelta(t, 0.0060, first.Low, 1e-4)
	assert.InDelta(t, 0.9104, first.High, 1e-4)
	assert.Equal(t, report.SurvivalPoint{T: 2 * sec, AtRisk: 1}, s.Recovery.Survival[1])
}
