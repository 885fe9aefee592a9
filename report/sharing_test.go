package report_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
)

// sharedTape is a run of four clients of one pool with two endpoints.
//
//	fault        commanded and confirmed 5 s; resets clients 0 and 1 at 5.1 s
//	storm        5.1 s to 8 s; green ejected 5.2 s, probing 6 s, warming 7 s; blue ejected
//	             9 s, to the end
//	client 0     waits to 5.5 s, asks, dials 5.7 s, usable 5.73 s
//	client 1     asks at once, dials 6.1 s, fails 6.2 s, asks, dials 6.3 s, usable 6.33 s
//	client 2     moves: asks 7.0 s, dials 7.1 s, joins 7.2 s, ready 7.3 s
//	client 3     moves: dials 7.5 s, loses the old connection 7.6 s, usable 7.7 s
func sharedTape(t *testing.T) *tape {
	p := newTape(t, report.Run{
		Scenario: "together", Policy: "by-hand", Clients: 4, Sharing: true, Hold: sec, Endpoints: []string{"blue", "green"},
		Plan:   []report.Planned{{Name: "warmup", To: 2 * sec}, {Name: "baseline", From: 2 * sec, To: 5 * sec}, {Name: "chaos", From: 5 * sec, To: 12 * sec}},
		Faults: []report.Intended{{Name: "cut", Kind: "reset", On: "blue", Share: 0.5, At: 5 * sec, Cohort: 2}},
		Gates:  []string{"storm.amp <= 2", "admission.max < 1100ms", "storm.moves == 2"},
	})
	dial := func(s *report.Step) { s.Actions = append(s.Actions, report.Action{Kind: "dial"}) }
	crowd := func(at int64, c report.Crowd) { p.write(report.Record{T: at, Crowd: &c}) }
	p.begin(0, "warmup")
	for i := range 4 { // the ramp: what they wait here is not counted
		p.step(int64(i)*ms, i, "start", "asking", nil)
		p.up(sec, i, "admitted", nil)
	}
	p.begin(2*sec, "baseline")
	p.begin(5*sec, "chaos")
	p.edge(5*sec, "cut", "commanded")
	p.edge(5*sec, "cut", "confirmed")
	p.lose(5100*ms, 0, "reset")
	p.step(5100*ms, 1, "lost", "asking", func(s *report.Step) { s.Cause = "reset" })
	crowd(5100*ms, report.Crowd{Notice: "storm began"})
	crowd(5150*ms, report.Crowd{Notice: "storm began"}) // it was told already
	crowd(5200*ms, report.Crowd{Notice: "health", Endpoint: 1, Health: "ejected"})
	p.step(5500*ms, 0, "timer", "asking", nil)
	p.up(5700*ms, 0, "admitted", nil)
	crowd(6*sec, report.Crowd{Notice: "health", Endpoint: 1, Health: "probing"})
	p.step(6100*ms, 1, "admitted", "dialing", nil)
	p.fail(6200*ms, 1, "refused", "asking")
	p.up(6300*ms, 1, "admitted", nil)
	p.step(7*sec, 2, "move", "moving", nil)
	crowd(7*sec, report.Crowd{Notice: "health", Endpoint: 1, Health: "warming"})
	p.step(7100*ms, 2, "admitted", "moving", dial)
	p.step(7200*ms, 2, "opened", "joining", nil)
	p.step(7300*ms, 2, "proved", "ready", nil)
	p.step(7500*ms, 3, "move", "moving", dial)
	p.step(7600*ms, 3, "lost", "dialing", func(s *report.Step) { s.Cause, s.Actions = "eof", nil })
	p.step(7650*ms, 3, "opened", "proving", nil)
	p.step(7700*ms, 3, "proved", "ready", nil)
	crowd(8*sec, report.Crowd{Notice: "storm over"})
	crowd(8*sec, report.Crowd{Notice: "panic over"}) // it never began
	crowd(9*sec, report.Crowd{Notice: "health", Endpoint: 0, Health: "ejected"})
	p.step(10*sec, 0, "timer", "checking", nil)
	p.step(10100*ms, 0, "checked", "ready", nil)
	p.evidence(12*sec, "cut", "confirmed", "2 of 2 clients were hit")
	p.end(12 * sec)
	return p
}

func TestSharing(t *testing.T) {
	s := sharedTape(t).keep("sharing")
	assert.Equal(t, &report.Sharing{
		Storms: 1, Ejections: 2,
		// Client 0 waited 200 ms, client 1 1 s and 100 ms. The ramp and the move do not count.
		Admission: report.Quantiles{N: 3, Min: 100 * ms, P50: 200 * ms, P90: sec, P99: sec, Max: sec},
		Spans: []report.SharedSpan{
			{What: "storm", From: 5100 * ms, To: 8 * sec},
			{What: "ejected", Endpoint: "green", From: 5200 * ms, To: 7 * sec},
			{What: "ejected", Endpoint: "blue", From: 9 * sec, To: -1},
		},
	}, s.Sharing)

	// Client 2 was usable all along, client 3 lost its old connection for 100 ms, and its
	// planned dial was what it came back by.
	assert.Equal(t, 3, s.Recovery.Lost)
	assert.Equal(t, 3, s.Recovery.Healed)
	assert.Equal(t, 4, s.Storm.Attempts)
	assert.Equal(t, 3, s.Storm.Healed)
	assert.Equal(t, 1, s.Storm.Collateral)
	assert.Equal(t, 2, s.Storm.Moves)
	assert.Equal(t, report.Quantiles{N: 3, Min: 100 * ms, P50: 630 * ms, P90: 1230 * ms, P99: 1230 * ms, Max: 1230 * ms}, s.Recovery.Client)
	assert.Equal(t, report.Pass, s.Verdict, "%v", s.Reasons)
	assert.InDelta(t, 1, s.Metrics["admission.max"], 1e-12)

	attempts, failed := 0, 0
	for i, n := range s.Timeline.Attempts[50:] {
		attempts, failed = attempts+n, failed+s.Timeline.Failed[50+i]
	}
	assert.Equal(t, 4, attempts)
	assert.Equal(t, 1, failed)
}

// TestAloneHasNoSharing, whatever a journal has.
func TestAloneHasNoSharing(t *testing.T) {
	p := newTape(t, report.Run{Clients: 1})
	p.write(report.Record{T: sec, Crowd: &report.Crowd{Notice: "storm began"}})
	p.end(2 * sec)
	s := p.build()
	assert.Nil(t, s.Sharing)
	assert.NotContains(t, s.Metrics, "admission.max")
}

// TestNobodyWasAdmitted: of waits that were none there is no longest.
func TestNobodyWasAdmitted(t *testing.T) {
	p := small(t, 2, func(run *report.Run) { run.Sharing = true; split(run) })
	p.edge(2*sec, "split", "commanded")
	p.edge(2*sec, "split", "confirmed")
	p.end(10 * sec)
	s := p.build()
	assert.NotNil(t, s.Sharing)
	assert.NotContains(t, s.Values(), "admission.max")
}

func TestSharingIsShown(t *testing.T) {
	s := sharedTape(t).build()
	var text, page bytes.Buffer
	require.NoError(t, report.WriteText(&text, s, report.Style{Width: 100, Unicode: true}))
	assert.Contains(t, text.String(), "4 clients of one pool, policy by-hand")
	assert.Contains(t, text.String(), `Sharing    storm at 5.100 s for 2.900 s
           ejected: green at 5.200 s for 1.800 s
           ejected: blue at 9 s for 3 s, to the end
                                           p50  p90  p99  max
           per dial, asked to admitted  200 ms  1 s  1 s  1 s  n 3, few for p50
`)
	assert.Contains(t, text.String(), "2 planned moves beside them")
	require.NoError(t, report.WriteHTML(&page, s))
	for _, want := range []string{">storm<", ">ejected: green<", "not over at the end", "the clients are one pool", "Planned moves"} {
		assert.Contains(t, page.String(), want)
	}
}
