package driver

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsheal/wsheal/pool/crowd"
	"github.com/wsheal/wsheal/pool/heal"
)

// commons is what the clients of a shared fleet have in common: it tells the crowd what
// happens to each of them, and carries out what the crowd decides.
//
//	shards ── follow ──▶ crowd.Step ──┬─ Admit, Scatter, Shed ──▶ mailboxes of the shards
//	                        ▲         ├─ Report ──▶ Observe(Noticed)
//	     timer, names ──────┘         └─ Arm ──▶ timer
type commons struct {
	fleet *Fleet
	names names

	mu     sync.Mutex // never held while anything is waited for
	crowd  *crowd.Crowd
	out    []crowd.Action // scratch
	keys   []string       // of endpoints, by index
	timer  *time.Timer
	closed bool

	lone atomic.Bool // there is one endpoint to go to, and no other

	turn int // of shard 0: whose turn it is to be moved
}

func newCommons(p *Fleet) *commons {
	x := &commons{fleet: p, crowd: crowd.New(p.options.Shared.Policy, heal.Rand{Seed: p.options.Seed, Client: ^uint64(0)})}
	x.timer = time.AfterFunc(time.Hour, func() { x.tell(crowd.Event{Kind: crowd.Ticked}) })
	x.timer.Stop()
	return x
}

// close ends the telling.
func (x *commons) close() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.closed = true
	x.timer.Stop()
}

// tell lets the crowd decide about what has happened, and carries that out.
func (x *commons) tell(events ...crowd.Event) {
	if len(events) == 0 {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return
	}
	for _, ev := range events {
		x.out = x.crowd.Step(x.fleet.now(), ev, x.out[:0])
		x.do(x.out)
	}
}

// do carries out what the crowd decided. The mutex must be held.
func (x *commons) do(actions []crowd.Action) {
	p := x.fleet
	for _, a := range actions {
		switch a.Kind {
		case crowd.Admit:
			if c := p.clients.get(a.Client); c != nil {
				c.shard.post(mail{client: c, event: heal.Event{Kind: heal.Admitted, Endpoint: a.Endpoint}})
			}
		case crowd.Arm:
			x.timer.Reset(max(a.At.Sub(p.now()), 0))
		case crowd.Scatter:
			if a.Client >= 0 {
				if c := p.clients.get(a.Client); c != nil {
					c.shard.post(mail{client: c, event: heal.Event{Kind: heal.Scatter, Within: a.Within}})
				}
				continue
			}
			for _, s := range p.shards {
				s.pass(scatter, a)
			}
		case crowd.Shed:
			p.shards[0].pass(shed, a)
		case crowd.Report:
			p.shards[0].pass(notice, a)
		}
	}
}

// pass posts what the crowd decided for many.
func (s *shard) pass(o order, a crowd.Action) { s.post(mail{order: o, crowd: &a}) }

// wish is what the crowd knows of what a client wants.
type wish struct {
	asking bool   // it has asked, and was not admitted yet
	trying bool   // it was admitted, and its dial has not ended yet
	gen    uint32 // of that dial
	place  uint8  // where to
}

// seat is what the crowd knows of a connection.
type seat struct {
	open    bool // it is counted
	proved  bool
	stable  bool
	planned bool // its end was meant
}

// only tells whether an end leaves a client nowhere else to go.
func (x *commons) only(kind heal.EventKind) bool {
	ends := kind == heal.Failed || kind == heal.Lost || kind == heal.Disproved
	return x != nil && ends && x.lone.Load()
}

// follow tells the crowd what a step of a client means for all.
func (x *commons) follow(c *client, ev heal.Event, m *mail, actions *heal.Actions) {
	f := following{c: c, trigger: ev, events: c.shard.events[:0]}
	f.event(m)
	for _, a := range actions.All() {
		f.order(a)
	}
	if ev.Kind == heal.Admitted && !c.wish.trying { // it does not want to dial any more
		f.withdraw()
	}
	if p := c.state.Phase; c.wish.asking && p != heal.Asking && p != heal.Moving {
		f.withdraw()
	}
	if k := c.of(c.state.Live); k != nil && c.state.Phase == heal.Stable && k.seat.open && !k.seat.stable {
		k.seat.stable = true
		f.add(crowd.Event{Kind: crowd.Stable, Endpoint: k.place})
	}
	x.tell(f.events...)
	c.shard.events = f.events
	if f.trouble {
		x.names.poke()
	}
}

// following is one follow under way.
type following struct {
	c       *client
	trigger heal.Event
	events  []crowd.Event
	trouble bool // something ended that was not meant to
}

func (f *following) add(ev crowd.Event) {
	ev.Client = f.c.id
	f.events = append(f.events, ev)
}

func (f *following) withdraw() {
	f.c.wish.asking, f.c.wish.trying = false, false
	f.add(crowd.Event{Kind: crowd.Withdrawn})
}

// event tells of what has happened to the client.
func (f *following) event(m *mail) {
	w, ev := &f.c.wish, f.trigger
	switch ev.Kind {
	case heal.Admitted:
		w.asking = false
	case heal.Opened:
		w.trying = false
		m.conn.seat.open = true
		f.add(crowd.Event{Kind: crowd.Opened, Endpoint: m.conn.place, Took: m.took})
	case heal.Failed:
		if w.trying && w.gen == ev.Gen {
			w.trying = false
			f.trouble = true
			f.add(crowd.Event{Kind: crowd.Failed, Endpoint: w.place, Cause: ev.Cause, Code: ev.Code, RetryAfter: ev.RetryAfter, Took: m.took})
		}
	case heal.Proved:
		k := m.conn
		if k.seat.open && !k.seat.proved {
			k.seat.proved = true
			f.add(crowd.Event{Kind: crowd.Proved, Endpoint: k.place})
		}
		if k.seat.open && ev.RTT > 0 {
			f.add(crowd.Event{Kind: crowd.Answered, Endpoint: k.place, Took: ev.RTT})
		}
	case heal.Lost:
		f.lost(m.conn, crowd.Event{Cause: ev.Cause, Code: ev.Code, RetryAfter: ev.RetryAfter})
	}
}

// order tells of what heal orders.
func (f *following) order(a heal.Action) {
	c, w := f.c, &f.c.wish
	k := c.of(a.Gen)
	switch a.Kind {
	case heal.Ask:
		w.asking = true
		ask := crowd.Event{Kind: crowd.Asked, Avoid: -1, Planned: c.state.Phase == heal.Moving}
		if a.Avoid {
			ask.Avoid = int16(a.Endpoint)
		}
		f.add(ask)
	case heal.Dial:
		w.trying, w.gen, w.place = true, a.Gen, a.Endpoint
	case heal.Shut, heal.Drain:
		if k != nil {
			k.seat.planned = true
		}
	case heal.Kill:
		switch {
		case k != nil:
			k.seat.planned = k.seat.planned || f.trigger.Kind == heal.Lost || f.trigger.Kind == heal.Close
			f.lost(k, crowd.Event{Cause: c.state.Cause})
		case w.trying && w.gen == a.Gen && f.trigger.Kind == heal.TimerFired:
			w.trying = false
			f.trouble = true
			f.add(crowd.Event{Kind: crowd.Failed, Endpoint: w.place, Cause: c.state.Cause, Took: c.fleet.options.Policy.HandshakeTimeout})
		case w.trying && w.gen == a.Gen:
			f.withdraw()
		}
	}
}

// lost tells of the end of a connection, once.
func (f *following) lost(k *conn, ev crowd.Event) {
	if !k.seat.open {
		return
	}
	k.seat.open = false
	ev.Kind, ev.Endpoint, ev.Early, ev.Planned = crowd.Lost, k.place, !k.seat.stable, k.seat.planned
	f.trouble = f.trouble || !ev.Planned
	f.add(ev)
}

// scatter lets everybody draw anew who waits.
func (s *shard) scatter(within time.Duration) {
	s.each(func(c *client) {
		switch c.state.Phase {
		case heal.Waiting, heal.Asking, heal.Moving:
			m := mail{client: c, event: heal.Event{Kind: heal.Scatter, Within: within}}
			s.step(c, m.event, 0, &m)
		}
	})
}

// choose moves clients away from an endpoint, each in its turn.
func (x *commons) choose(a *crowd.Action) {
	place := a.Endpoint
	var there []*client
	x.fleet.clients.each(func(c *client) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if p := c.seen.phase; (p == heal.Ready || p == heal.Stable) && c.seen.endpoint == place {
			there = append(there, c)
		}
	})
	for range min(a.N, len(there)) {
		c := there[x.turn%len(there)]
		x.turn++
		c.shard.post(mail{client: c, event: heal.Event{Kind: heal.Move}})
	}
}

// observe reports what changed.
func (x *commons) observe(a *crowd.Action) {
	x.mu.Lock()
	ev := Event{Kind: Noticed, At: x.fleet.now(), Client: -1, Report: *a}
	if place := int(a.Endpoint); place < len(x.keys) {
		ev.Endpoint = x.keys[place]
	}
	x.mu.Unlock()
	x.fleet.options.Observe(ev)
}

// snapshot is the crowd's.
func (x *commons) snapshot() crowd.Snapshot {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.crowd.Snapshot()
}
