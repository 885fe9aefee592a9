package engine

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/pool/heal"
	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/scenarios"
)

// watchEvery is how often the proxy is asked what it saw. Records may be a second out of
// order in the journal; this leaves room for a proxy that is slow to answer.
const watchEvery = 100 * time.Millisecond

// wireView follows connections as the proxy tells of them. Every one becomes a record when
// it ends. Of clients that are not ours it makes the steps, too:
//
//	came ──▶ dialing ──opened──▶ ready ──ended──▶ waiting
//	            └────────ended, or it dials again────▲
//
// From the wire a client is usable when it has been handed the target's 101.
type wireView struct {
	run     *run
	from    chaos.Watcher
	foreign bool

	mu      sync.Mutex // one look at a time
	after   uint64
	lost    uint64
	clients []wireClient       // of foreign ones, by number
	guessed map[connection]int // whose a connection that says nothing was taken for
	live    map[connection]chaos.Sighting
}

type connection struct {
	target string
	number uint64
}

// wireClient is what is known of one client that is not ours.
type wireClient struct {
	phase heal.Phase
	gen   uint32
	on    connection   // its newest
	at    heal.Instant // of its last step
}

// newWireView returns nil where nobody stands between clients and targets who could tell.
func newWireView(r *run) *wireView {
	w, ok := r.proxy.(chaos.Watcher)
	if !ok {
		return nil
	}
	v := &wireView{run: r, from: w, foreign: r.scenario.Foreign(), guessed: map[connection]int{}, live: map[connection]chaos.Sighting{}}
	if v.foreign {
		v.clients = make([]wireClient, r.scenario.Clients.Count)
	}
	return v
}

// watch asks until ctx ends.
func (v *wireView) watch(ctx context.Context) {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			_ = v.look(ctx) // the next one has what this one missed
		}
	}
}

// look takes in what has been seen since the last look.
func (v *wireView) look(ctx context.Context) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, controlTimeout)
	defer cancel()
	s, err := v.from.Sightings(ctx, v.after)
	if err != nil {
		return err
	}
	v.after = s.Last
	if s.Lost > v.lost {
		v.run.rec.unfit("sightings", fmt.Sprintf("the fault proxy saw more than was fetched in time: %d moments of connections are missing", s.Lost))
		v.lost = s.Lost
	}
	for _, x := range s.Seen {
		v.take(x)
	}
	return nil
}

// finish takes the last look, and tells of connections that are still open.
func (v *wireView) finish(ctx context.Context) {
	bounded, cancel := context.WithTimeout(ctx, controlTimeout)
	defer cancel()
	standing, err := v.from.Standing(bounded)
	if err != nil {
		v.run.rec.unfit("sightings", "the fault proxy did not say what is open: "+err.Error())
	}
	if err := v.look(ctx); err != nil {
		v.run.rec.unfit("sightings", "the fault proxy did not say what it saw last: "+err.Error())
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, now := range standing {
		on := connection{now.Target, now.Conn}
		if x, ok := v.live[on]; ok {
			x.Up, x.Down = now.Up, now.Down
			v.live[on] = x
		}
	}
	for _, x := range v.live {
		v.record(x)
	}
	if n := len(v.guessed); n > 0 {
		v.run.rec.write(report.Record{T: int64(v.run.now()), Note: &report.Note{
			Text: fmt.Sprintf("%d connections did not say whose they are (%s, or ?%s=), and were given to clients by the order of arrival", n, chaos.IdentityHeader, chaos.IdentityParameter),
		}})
	}
}

func (v *wireView) take(x chaos.Sighting) {
	on := connection{x.Target, x.Conn}
	client := v.whose(on, x)
	if x.What == chaos.SeenEnded {
		delete(v.live, on)
		v.record(x)
	} else {
		v.live[on] = x
	}
	if v.foreign && client >= 0 {
		v.step(client, on, x)
	}
}

// whose is the client that a connection belongs to, -1 for none. One that does not say is of
// a client that has not come yet, or of the one that has been away for longest.
func (v *wireView) whose(on connection, x chaos.Sighting) int {
	if x.Named {
		if x.Client < uint64(v.run.scenario.Clients.Count) {
			return int(x.Client)
		}
		return -1 // a canary's, or of nobody that the run knows
	}
	if !v.foreign {
		return -1
	}
	if client, ok := v.guessed[on]; ok {
		return client
	}
	client := -1
	for i := range v.clients {
		c := &v.clients[i]
		if c.phase == heal.Idle {
			client = i
			break
		}
		if c.phase == heal.Waiting && (client < 0 || c.at < v.clients[client].at) {
			client = i
		}
	}
	v.guessed[on] = client
	return client
}

// step makes a step of a moment of a client's connection.
func (v *wireView) step(client int, on connection, x chaos.Sighting) {
	c := &v.clients[client]
	at := func(monotonic int64) heal.Instant { return max(v.run.instant(monotonic), c.at) }
	switch {
	case x.What == chaos.SeenCame:
		now := at(x.Accepted)
		switch { // who dials anew has done with what it had
		case c.phase.Usable():
			v.turn(client, now, heal.Waiting, report.Step{Event: heal.Lost.String(), Cause: heal.HalfOpen.String()})
		case c.phase == heal.Dialing:
			v.turn(client, now, heal.Waiting, report.Step{Event: heal.Failed.String(), Cause: heal.Timeout.String()})
		}
		c.gen++
		c.on = on
		event := heal.TimerFired
		if c.gen == 1 {
			event = heal.Start
		}
		v.turn(client, now, heal.Dialing, report.Step{
			Event: event.String(), Attempt: c.gen,
			Actions: []report.Action{{Kind: heal.Dial.String(), Gen: c.gen}},
		})
		v.run.rec.attempted.Add(1)
		v.run.env.Track.AddAttempts(1)
	case c.on != on: // of one that it has done with
	case x.What == chaos.SeenOpened && c.phase == heal.Dialing:
		v.turn(client, at(x.Opened), heal.Ready, report.Step{Event: heal.Opened.String()})
	case x.What == chaos.SeenEnded && c.phase == heal.Dialing:
		cause, code := endOf(x)
		v.turn(client, at(x.Ended), heal.Waiting, report.Step{Event: heal.Failed.String(), Cause: cause.String(), Code: code})
	case x.What == chaos.SeenEnded && c.phase.Usable():
		cause, code := endOf(x)
		v.turn(client, at(x.Ended), heal.Waiting, report.Step{Event: heal.Lost.String(), Cause: cause.String(), Code: code})
	}
}

// turn writes a step of a client that is not ours.
func (v *wireView) turn(client int, now heal.Instant, to heal.Phase, s report.Step) {
	c := &v.clients[client]
	s.Client, s.Gen, s.EventGen, s.From, s.To = client, c.gen, c.gen, c.phase.String(), to.String()
	v.run.rec.phased(client, c.gen, c.phase, to)
	c.phase, c.at = to, now
	v.run.rec.write(report.Record{T: int64(now), Step: &s})
}

// endOf is why a connection ended, in the words of a client.
func endOf(x chaos.Sighting) (heal.Cause, uint16) {
	switch {
	case x.Status != 0 && x.Status != 101:
		return heal.Status, uint16(x.Status)
	case x.Code != 0:
		return heal.CloseFrame, x.Code
	case x.Reset:
		return heal.Reset, 0
	case x.Opened == 0 && x.By == "client":
		return heal.Timeout, 0 // it gave up waiting
	}
	return heal.EOF, 0
}

func (v *wireView) record(x chaos.Sighting) {
	r := v.run
	guess, guessed := v.guessed[connection{x.Target, x.Conn}]
	client := v.whose(connection{x.Target, x.Conn}, x)
	if guessed {
		client = guess
	}
	if x.Named && client < 0 && (!v.foreign || chaos.IsCanary(x.Client)) {
		return
	}
	r.rec.write(report.Record{T: int64(r.now()), Conn: &report.Conn{
		Target: x.Target, Client: client, Gen: x.Gen, Guessed: guessed,
		Accepted: int64(r.instant(x.Accepted)), Opened: int64(r.instant(x.Opened)), Ended: int64(r.instant(x.Ended)),
		Status: x.Status, Code: x.Code, Closer: x.Closer, By: x.By, Reset: x.Reset, Up: x.Up, Down: x.Down,
	}})
}

// startForeign starts the program that has the clients, and tells it where to dial: through
// the proxy, as it knows the target.
func (r *run) startForeign(ctx context.Context) (err error) {
	name := r.scenario.Clients.Endpoints[0].Target
	for i, t := range r.scenario.Targets {
		if t.Name != name {
			continue
		}
		at, err := url.Parse(r.targets[i].URL())
		if err != nil {
			return fmt.Errorf("target %s: %w", name, err)
		}
		at.Host = r.front[scenarios.Address(r.targets[i].URL())]
		count := strconv.Itoa(r.scenario.Clients.Count)
		r.clients, err = r.env.Clients(ctx, r.scenario.Clients.Arguments(at.String(), count),
			[]string{"WSHEAL_URL=" + at.String(), "WSHEAL_COUNT=" + count})
		if err != nil {
			return &SetupError{err}
		}
		r.health.add("clients", r.clients.Usage)
	}
	return nil
}
