package report_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/wsheal/wsheal/report"
)

// connected makes a step that says when there was a connection of TCP, and of TLS.
func connected(tcp, tls int64) func(*report.Step) {
	return func(s *report.Step) { s.Connected, s.Secured = tcp, tls }
}

// Three clients are cut off at 2 s. In seconds:
//
//	client 0  dials 3.0, TCP 3.1, TLS 3.3, open 3.6, usable 4.0
//	client 1  dials 3.0, TCP 3.2, open 3.6, usable 3.7
//	client 2  dials 3.0, TCP 3.2, open 3.6, lost 4.0; dials 5.0, TCP 5.3, TLS 5.4, open 5.5, usable 5.6
//
// In ms, each without what its attempts in vain took:
//
//	          tcp  tls  upgrade
//	client 0  100  200      300
//	client 1  200           400
//	client 2  300  100      100
//	together  600  300      800
func dialTape(t *testing.T) *tape {
	p := broken(t, 3)
	for client, opened := range []func(*report.Step){connected(3100*ms, 3300*ms), connected(3200*ms, 0), connected(3200*ms, 0)} {
		p.step(3*sec, client, "timer", "dialing", nil)
		p.step(3600*ms, client, "opened", "proving", opened)
	}
	p.step(3700*ms, 1, "proved", "ready", nil)
	p.step(4*sec, 0, "proved", "ready", nil)
	p.step(4*sec, 2, "lost", "waiting", nil)
	p.step(5*sec, 2, "timer", "dialing", nil)
	p.step(5500*ms, 2, "opened", "proving", connected(5300*ms, 5400*ms))
	p.step(5600*ms, 2, "proved", "ready", nil)
	p.end(8 * sec)
	return p
}

func TestDialIsTakenApart(t *testing.T) {
	s := dialTape(t).keep("dial")
	o := s.Recovery.Outages
	want := []map[string]int64{
		2: {"backoff": 2 * sec, "failed": sec, "tcp": 300 * ms, "tls": 100 * ms, "upgrade": 100 * ms, "prove": 100 * ms},
		0: {"backoff": sec, "tcp": 100 * ms, "tls": 200 * ms, "upgrade": 300 * ms, "prove": 400 * ms},
		1: {"backoff": sec, "tcp": 200 * ms, "upgrade": 400 * ms, "prove": 100 * ms},
	}
	assert.Len(t, o.Slowest, 3)
	for _, x := range o.Slowest {
		assert.Equal(t, want[x.Client], x.Parts, "client %d", x.Client)
		assert.Equal(t, x.Whole, x.Back-x.Lost)
		along := map[string]int64{}
		for i, part := range x.Strip {
			to := x.Back
			if i+1 < len(x.Strip) {
				to = x.Strip[i+1].From
			}
			along[part.What] += to - part.From
		}
		assert.Equal(t, x.Parts, along, "client %d: the strip and the parts say the same", x.Client)
	}
	total := 0.
	for _, part := range o.Parts {
		total += part.Total
	}
	assert.InDelta(t, o.Total, total, 1e-12)
	assert.InDelta(t, 0.6+0.3+0.8, o.Dial.Total, 1e-12)
	for name, want := range map[string]float64{
		"outage.tcp.share": 0.6 / o.Total, "outage.tcp.p50": 0.2, "outage.tcp.p99": 0.3,
		"outage.tls.share": 0.3 / o.Total, "outage.tls.p50": 0.1, "outage.tls.p99": 0.2,
		"outage.upgrade.share": 0.8 / o.Total, "outage.upgrade.p50": 0.3, "outage.upgrade.p99": 0.4,
		"outage.dial.share": 1.7 / o.Total, "outage.dial.p50": 0.6, "outage.dial.p99": 0.6,
	} {
		assert.InDelta(t, want, s.Metrics[name], 1e-12, name)
	}
}

// A journal of before says nothing of the stages of a dial: they are together, and not 0.
func TestDialThatIsNotTakenApart(t *testing.T) {
	p := broken(t, 2)
	for client, opened := range []func(*report.Step){nil, connected(3200*ms, 0)} {
		p.step(3*sec, client, "timer", "dialing", nil)
		p.step(3600*ms, client, "opened", "proving", opened)
		p.step(3700*ms, client, "proved", "ready", nil)
	}
	p.end(8 * sec)
	s := p.build()
	want := []map[string]int64{
		{"backoff": sec, "dial": 600 * ms, "prove": 100 * ms},
		{"backoff": sec, "tcp": 200 * ms, "upgrade": 400 * ms, "prove": 100 * ms},
	}
	for _, x := range s.Recovery.Outages.Slowest {
		assert.Equal(t, want[x.Client], x.Parts, "client %d", x.Client)
	}
	assert.InDelta(t, 1.2, s.Recovery.Outages.Dial.Total, 1e-12)
	assert.Equal(t, 0.6, s.Metrics["outage.dial.p50"])
	for _, stage := range []string{"tcp", "tls", "upgrade"} {
		assert.NotContains(t, s.Values(), "outage."+stage+".p50", "of half of them it is not known")
	}
}

// Moments that cannot be are held within the dial, so that no part is below 0.
func TestDialIsTakenApartWithinItself(t *testing.T) {
	for name, opened := range map[string]func(*report.Step){
		"before it":   connected(sec, 1500*ms),
		"after it":    connected(9*sec, 10*sec),
		"TLS before":  connected(3300*ms, 3100*ms),
		"in no order": connected(9*sec, sec),
	} {
		p := broken(t, 1)
		p.step(3*sec, 0, "timer", "dialing", nil)
		p.step(3600*ms, 0, "opened", "proving", opened)
		p.step(3700*ms, 0, "proved", "ready", nil)
		p.end(8 * sec)
		parts := p.build().Recovery.Outages.Slowest[0].Parts
		assert.Equal(t, 600*ms, parts["tcp"]+parts["tls"]+parts["upgrade"], name)
		for part, ns := range parts {
			assert.Positive(t, ns, "%s: %s", name, part)
		}
	}
}
