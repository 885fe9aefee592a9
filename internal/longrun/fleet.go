package longrun

import (
	"container/heap"
	"math/rand/v2"

	"github.com/wsheal/wsheal/report"
)

// fleet moves the clients: each has one thing to do next.
type fleet struct {
	run    Run
	rng    *rand.Rand
	w      *writer
	all    agenda
	usable int
}

type client struct {
	id      int
	at      int64 // when it acts next
	phase   string
	gen     uint32
	attempt uint32
	fails   int // attempts of this outage that are still to fail
	faults  int // that it has met
	heard   int64
}

func newFleet(r Run, rng *rand.Rand, w *writer) *fleet {
	f := &fleet{run: r, rng: rng, w: w}
	for id := range r.Clients {
		f.all = append(f.all, &client{id: id, at: sec + 8*sec*int64(id)/int64(r.Clients), phase: "idle"})
	}
	return f
}

// until lets the clients act until a time.
func (f *fleet) until(t int64) {
	for len(f.all) > 0 && f.all[0].at < t {
		f.act(f.all[0])
		heap.Fix(&f.all, 0)
	}
}

// within is some time of at least a and at most b.
func (f *fleet) within(a, b int64) int64 { return a + f.rng.Int64N(b-a+1) }

// act takes the client's next step.
func (f *fleet) act(c *client) {
	now := c.at
	s := &report.Step{Client: c.id, From: c.phase, Event: "timer", Late: f.within(10_000, ms)}
	switch {
	case c.faults < f.run.Faults && now >= at(c.faults):
		s.Event, s.EventGen, s.Cause, s.Late = "lost", c.gen, "reset", 0
		c.faults++
		c.fails, c.attempt = f.rng.IntN(3), 0
		f.to(c, s, "waiting", f.within(50*ms, 5*sec))
	case c.phase == "idle" || c.phase == "waiting":
		if c.phase == "idle" {
			s.Event, s.Late = "start", 0
		}
		c.gen++
		c.attempt++
		s.Actions = append(s.Actions, report.Action{Kind: "dial", Gen: c.gen})
		f.to(c, s, "dialing", f.within(ms, 20*ms))
	case c.phase == "dialing" && c.fails > 0:
		c.fails--
		s.Event, s.EventGen, s.Cause, s.Late = "failed", c.gen, "refused", 0
		f.to(c, s, "waiting", f.within(100*ms, 2*sec))
	case c.phase == "dialing":
		s.Event, s.EventGen, s.Late = "opened", c.gen, 0
		s.Actions = append(s.Actions, report.Action{Kind: "ping", Gen: c.gen})
		f.to(c, s, "proving", f.within(ms/10, ms))
	case c.phase == "proving":
		s.Event, s.EventGen, s.RTT, s.Late = "proved", c.gen, f.within(ms/20, ms), 0
		f.to(c, s, "ready", f.within(f.run.Beat*9/10, f.run.Beat*11/10))
	default:
		s.Timer, s.Inbound, s.Outbound, s.Handed = c.gen+2, now-f.within(ms, sec), now-f.within(ms, sec), c.heard
		c.heard, c.attempt = now, 0
		f.to(c, s, "stable", f.within(f.run.Beat*9/10, f.run.Beat*11/10))
	}
}

// to writes the step and moves the client, which acts again after some time, or when the
// next fault meets it.
func (f *fleet) to(c *client, s *report.Step, phase string, wait int64) {
	now := c.at
	c.at += wait
	s.To, s.Gen, s.Attempt = phase, c.gen, c.attempt
	s.Actions = append(s.Actions, report.Action{Kind: "arm", Timer: c.gen + 2, At: c.at})
	f.w.put(report.Record{T: now, Step: s})
	if is := usable(phase); is != usable(c.phase) {
		if is {
			f.usable++
		} else {
			f.usable--
		}
	}
	c.phase = phase
	if c.faults < f.run.Faults {
		c.at = min(c.at, max(now+1, at(c.faults)+f.within(ms, 30*ms)))
	}
}

func usable(phase string) bool { return phase == "ready" || phase == "stable" }

// agenda is the clients by when they act.
type agenda []*client

func (a agenda) Len() int           { return len(a) }
func (a agenda) Less(i, j int) bool { return a[i].at < a[j].at }
func (a agenda) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)        { *a = append(*a, x.(*client)) }
func (a *agenda) Pop() any          { panic("clients never leave") }
