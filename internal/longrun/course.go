package longrun

import (
	"math/rand/v2"

	"github.com/wsheal/wsheal/report"
)

// course writes what the engine does once a second, and the edges of phases and faults.
type course struct {
	run     Run
	rng     *rand.Rand
	w       *writer
	hlog    *report.HlogWriter
	latency *report.Latency
	phase   int
	sent    int64
}

// second writes what is told at the end of the second before t, and the edges at t.
func (c *course) second(t int64, usable int) error {
	if t > 0 {
		if err := c.told(t, usable); err != nil {
			return err
		}
	}
	plan := c.run.header().Plan
	for c.phase < len(plan) && plan[c.phase].From <= t {
		c.w.put(report.Record{T: t, Phase: &report.Phase{Name: plan[c.phase].Name}})
		if plan[c.phase].Name == "chaos" {
			c.w.put(report.Record{T: t, Steady: &report.Steady{Met: true, Checks: []report.Check{{Text: "clients.usable >= 99.9%", Value: 1, Met: true}}}})
		}
		c.phase++
	}
	i := int((t - first) / period)
	switch {
	case t < first || i >= c.run.Faults:
	case t == at(i):
		for _, edge := range []string{"commanded", "confirmed", "cleared"} {
			c.w.put(report.Record{T: t, Fault: &report.Fault{Name: name(i), Edge: edge}})
		}
	case t == at(i)+sec:
		n := c.run.Clients
		c.w.put(report.Record{T: t, Fault: &report.Fault{
			Name: name(i), Edge: "evidence", State: "confirmed", First: at(i) + ms, Last: at(i) + 30*ms, Targeted: n, Hit: n, Resets: int64(n),
		}})
	}
	return nil
}

func (c *course) told(t int64, usable int) error {
	for _, process := range []string{"engine", "target:blue", "proxy"} {
		h := report.Harness{Process: process, CPU: c.rng.Float64(), Cores: 2, RSS: 80 << 20, FDs: usable, FDLimit: 4 * c.run.Clients}
		if process == "engine" {
			h.TickP99, h.TickMax = ms+c.rng.Int64N(ms/2), 2*ms+c.rng.Int64N(ms)
		}
		c.w.put(report.Record{T: t, Harness: &h})
	}
	live, due := int64(usable), int64(0)
	if t > baseline {
		due = rate
	}
	c.sent += due
	c.w.put(report.Record{T: t, Target: &report.Target{Name: "blue", Live: live, Upgraded: live, Messages: c.sent}})
	c.w.put(report.Record{T: t, Wire: &report.Wire{Target: "blue", Accepted: live, Upgraded: live, Live: live, BytesUp: 132 * c.sent, BytesDown: 130 * c.sent}})
	load := report.Load{From: t - sec, Phases: map[string]report.LoadCount{}, OnUsable: due, Ordered: true}
	if due > 0 {
		phase := c.run.header().Plan[c.phase-1].Name
		load.Phases[phase] = report.LoadCount{Intended: due, Sent: due, Acked: due}
		for range due {
			ns := ms/4 + c.rng.Int64N(ms)
			c.latency.Record("response", phase, "f0", ns)
			c.latency.Record("service", phase, "f0", ns/2)
		}
	}
	c.w.put(report.Record{T: t, Load: &load})
	return c.latency.Flush(c.hlog, t-sec, t)
}
