package pool

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsheal/wsheal/pool/crowd"
	"github.com/wsheal/wsheal/pool/driver"
	"github.com/wsheal/wsheal/pool/heal"
)

// closeLimit bounds Close, whatever its context allows.
const closeLimit = 5 * time.Second

// Pool is a pool of WebSocket connections that heal. Its methods may be called from many
// goroutines at once, and from the functions of Config.
//
//	Send  Request  Subscribe  Session  Acquire          Watch  Snapshot
//	  │      │         │         │        │               ▲
//	┌─┼──────┼─────────┼─────────┼────────┼───────────────┼──┐
//	│ └──────┴────┬────┘         │        │               │  │
//	│        fit slots       slot of its own   observe ───┘  │
//	│             │              │        │       ▲          │
//	│ keeper ─────┼──────────────┼────────┼───────┤          │
//	└─────────────┼──────────────┼────────┼───────┼──────────┘
//	              ▼              ▼        ▼       │
//	         driver.Fleet: a client per slot, healed by heal and crowd
type Pool struct {
	config   Config
	fleet    *driver.Fleet
	epoch    time.Time
	watchers watchers
	kick     chan struct{}
	quit     chan struct{}
	done     chan struct{} // closed when the pool has ended
	ending   sync.Once
	ended    error
	tasks    sync.WaitGroup // the keeper and pumps
	// unclaimed is on its way to Config.Receive; nil: there is none.
	unclaimed *inbox

	mu         sync.Mutex // guards what follows, and what the values in it say that it does
	slots      map[int]*slot
	fit        []*slot // those that messages may be given to
	slotsOwned int     // slots that count
	census     census
	picker     crowd.Picker
	health     map[string]crowd.Health // by endpoint
	senders    list.List               // turns of those who wait for room
	renters    list.List               // turns of those who wait for a connection of their own
	homeless   []*flight
	inFlight   int
	answers    map[string]*flight // by id
	aging      []*flight          // by deadline
	topics     map[string][]*Subscription
	adrift     map[*Subscription]struct{}
	errands    []*errand // that are to be taken back
	sessions   map[string]*Session
	leases     map[*Lease]struct{}
	retired    []int   // clients that are to be removed
	overflowed []*slot // slots with messages dropped that were not told of
	unknown    int     // outcomes that were not told of
	failure    *Failure
	sizing     crowd.Size
	limits     crowd.SizePolicy
	jitters    uint64
	next       time.Time // when the keeper looks again
	draining   bool
	closed     bool
	change     signal

	subscriptions int
	count         counts
}

// counts are what a pool has counted since Open. The pool's mutex guards all but received.
type counts struct {
	received                                   atomic.Uint64
	written, resent, dropped, connected, moved uint64
	outcomes                                   [Unknown + 1]uint64
	failed, lost                               [64]uint64 // by heal.Cause
}

// Open opens a pool and waits until Config.MinReady of its connections are ready. ctx
// bounds that wait and nothing else; when it ends first, the error names the endpoints and
// the last reason, and nothing is left behind. An error that waiting would not mend, every
// connection having given up, comes at once and matches ErrGaveUp.
func Open(ctx context.Context, c Config) (*Pool, error) {
	given(ctx)
	c = c.withDefaults()
	p := &Pool{
		config: c, epoch: time.Now(), limits: c.Size,
		kick: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{}),
		slots: map[int]*slot{}, health: map[string]crowd.Health{}, answers: map[string]*flight{}, topics: map[string][]*Subscription{},
		adrift: map[*Subscription]struct{}{}, sessions: map[string]*Session{}, leases: map[*Lease]struct{}{},
		picker: crowd.Picker{Balance: c.Crowd.Balance, Rand: heal.Rand{Seed: c.Seed}},
	}
	if err := p.faults(); err != nil {
		return nil, fmt.Errorf("open pool: %w", err)
	}
	log := p.Watch(context.Background()) // before anything happens
	var err error
	if p.fleet, err = driver.Open(p.options()); err != nil {
		return nil, fmt.Errorf("open pool: %w", inOurWords(err))
	}
	if c.Logger != nil {
		go narrate(log, c.Logger)
	} else {
		p.watchers.remove(log)
	}
	if c.Receive != nil {
		p.unclaimed = newInbox(c.InboxFrames, c.InboxBytes, c.ReceiveSlow)
		go p.handle()
	}
	p.mu.Lock()
	for range max(c.Min, c.MinReady) {
		p.add(nil)
	}
	p.mu.Unlock()
	p.tasks.Go(p.keep)
	if err := p.ready(ctx, c.MinReady); err != nil {
		_ = p.Close(ctx)
		return nil, fmt.Errorf("open pool: %w", err)
	}
	return p, nil
}

// options are the fleet's.
func (p *Pool) options() driver.Options {
	c := &p.config
	o := driver.Options{
		Seed: c.Seed, Policy: c.Policy, Endpoints: slices.Clone(c.Endpoints), Epoch: p.epoch,
		Shared:      &driver.Shared{Policy: c.Crowd, ResolveEvery: c.ResolveEvery},
		Judge:       c.Judge,
		DialContext: c.DialContext, Resolve: c.Resolve, Proxy: c.Proxy, TLS: c.TLS,
		Subprotocols: c.Subprotocols, Deflate: c.Deflate,
		MaxMessage: c.MaxMessage, MaxFrame: c.MaxFrame,
		Guarantee: driver.AtMostOnce, QueueFrames: c.QueueMessages, QueueBytes: c.QueueBytes,
		InboxFrames: c.InboxFrames, InboxBytes: c.InboxBytes,
		Header: p.header(), Credentials: c.Credentials,
		Validate: p.validate, Observe: p.observe, Receive: p.receive, Accept: p.accept, InFlight: p.inFlightOn,
	}
	switch c.QueueFull {
	case DropOldest:
		o.Full = driver.DropOldest
	case Disconnect:
		o.Full = driver.Disconnect
	default: // leases wait in the fleet, all others here
		o.Full = driver.Block
	}
	return o
}

// header is what every upgrade carries.
func (p *Pool) header() func(int, uint32) http.Header {
	h := p.config.Header.Clone()
	if h == nil {
		return nil
	}
	return func(int, uint32) http.Header { return h }
}

// inFlightOn is what was written to a connection that is to go, and waits for its answer.
func (p *Pool) inFlightOn(client int, gen uint32) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.slots[client]
	if s == nil {
		return 0
	}
	for f := range s.flights {
		if f.out && f.gen == gen {
			n++
		}
	}
	return n
}

// ready waits until n connections are.
func (p *Pool) ready(ctx context.Context, n int) error {
	for {
		p.mu.Lock()
		change, usable, why, failure := p.change.wait(), p.usable(), p.gaveUp(), p.failure
		p.mu.Unlock()
		switch {
		case usable >= n:
			return nil
		case why != nil && n > 0:
			return because(ErrGaveUp, why)
		}
		select {
		case <-change:
		case <-ctx.Done():
			p.mu.Lock()
			err := p.unconnected(ctx)
			p.mu.Unlock()
			if failure == nil || len(p.config.Endpoints) > 1 {
				err = fmt.Errorf("%s: %w", p.targets(), err)
			}
			return err
		}
	}
}

// targets are the addresses in a word.
func (p *Pool) targets() string {
	var all []string
	for _, e := range p.config.Endpoints {
		all = append(all, e.URL)
	}
	return strings.Join(all, ", ")
}

// handle runs Config.Receive.
func (p *Pool) handle() {
	for d := range all(context.Background(), p.unclaimed.next) {
		if d.Continuity.Kind == Unbroken {
			p.config.Receive(d.Message)
		}
	}
}

// Resize sets the bounds of the pool's size, both as Config.Min and Config.Max have them
// without their zero values: 0 <= min <= max, 0 < max <= 1<<20. The pool grows at once, and shrinks by
// letting the least loaded finish what is in flight on them.
func (p *Pool) Resize(minimum, maximum int) error {
	if minimum < 0 || maximum < max(minimum, 1) || maximum > most {
		return fmt.Errorf("resize: expected 0 <= min <= max and 0 < max <= %d, got %d and %d", most, minimum, maximum)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return fmt.Errorf("resize: %w", ErrClosed)
	}
	p.limits.Min, p.limits.Max = minimum, maximum
	p.wake()
	return nil
}

// Renew replaces every ready connection by a new one, each only once the new one is
// ready, as fast as admission allows: after a deployment, say.
func (p *Pool) Renew() { p.each(p.fleet.Move) }

// Window passes on what a server announced in a message of its own: that clients whose
// connection it ends should spread their return over within. It holds for the next loss of
// each connection.
func (p *Pool) Window(within time.Duration) {
	p.each(func(client int) { p.fleet.Window(client, within) })
}

// each calls f for every client.
func (p *Pool) each(f func(client int)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	for client, s := range p.slots {
		if !s.retiring {
			f(client)
		}
	}
}

// Restart lets every connection that gave up try again now.
func (p *Pool) Restart() {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []*slot
	for _, s := range p.slots {
		if s.phase == heal.GaveUp && !s.retiring && !p.closed {
			all = append(all, s)
		}
	}
	p.restart(all)
}

// SetEndpoints says where connections may lead from now on. What is known of an address
// that stays is kept; connections to one that has gone move elsewhere, a few at a time.
func (p *Pool) SetEndpoints(list []Endpoint) error {
	if err := p.fleet.SetEndpoints(slices.Clone(list)); err != nil {
		return fmt.Errorf("set endpoints: %w", inOurWords(err))
	}
	return nil
}

// Watch returns one who watches the pool from now on, until ctx ends or the pool is closed.
func (p *Pool) Watch(ctx context.Context) *Watch {
	given(ctx)
	return p.watchers.add(ctx)
}

// Drain takes no new messages, sessions or leases, waits until what is in flight is done
// with (written, and answered where an answer belongs to it), sessions have had
// everything acknowledged and leases are released, and closes the pool. When ctx ends
// first it closes all the same, and its error says what was left.
func (p *Pool) Drain(ctx context.Context) error {
	given(ctx)
	var late error
	for late == nil {
		p.mu.Lock()
		if !p.draining {
			p.draining = true
			p.admitAll()
			for p.renters.Len() > 0 {
				p.offer()
			}
			for _, s := range p.sessions {
				s.change.all()
			}
		}
		change, left, closed := p.change.wait(), p.unfinished(), p.closed
		p.mu.Unlock()
		if left == 0 || closed {
			break
		}
		select {
		case <-change:
		case <-p.done:
		case <-ctx.Done():
			late = fmt.Errorf("drain: %d left in flight: %w", left, ctx.Err())
		}
	}
	p.publish(Event{Kind: Drained})
	return errors.Join(late, p.Close(context.WithoutCancel(ctx)))
}

// unfinished counts what Drain waits for.
func (p *Pool) unfinished() int {
	n := p.inFlight + len(p.homeless) + len(p.leases)
	for _, s := range p.sessions {
		n += s.ring.waiting
	}
	return n
}

// Close ends the pool: whoever waits gets ErrClosed, every connection is closed with a
// close frame, and the receipts of what was in flight are NotSent or Unknown. It is bounded
// by ctx, then by force, and by 5 s in any case; its error tells that force was needed, or
// that a function of Config had not returned by then and was left behind. It may be called
// again, and from the functions of Config, where it does not wait for itself for longer
// than that.
func (p *Pool) Close(ctx context.Context) error {
	given(ctx)
	ctx, cancel := context.WithTimeout(ctx, closeLimit)
	defer cancel()
	p.ending.Do(func() { go p.end(ctx) })
	select {
	case <-p.done:
		return p.ended
	default:
	}
	select {
	case <-p.done:
		return p.ended
	case <-ctx.Done():
		return fmt.Errorf("close pool: %w", ctx.Err())
	}
}

// end takes the pool down.
func (p *Pool) end(ctx context.Context) {
	defer close(p.done)
	p.mu.Lock()
	p.closed = true
	p.admitAll()
	for p.renters.Len() > 0 {
		p.offer()
	}
	for _, s := range p.sessions {
		s.finish(ErrClosed)
	}
	for l := range p.leases {
		why := fmt.Errorf("%w: %w", ErrLeaseOver, ErrClosed)
		l.inbox.end(why)
		l.end(why, false)
	}
	subs := slices.Concat(slices.Collect(maps.Values(p.topics))...)
	p.change.all()
	p.mu.Unlock()
	for _, sub := range subs {
		sub.leave(ErrClosed)
	}
	if p.unclaimed != nil {
		p.unclaimed.end(ErrClosed)
	}
	close(p.quit)
	p.tasks.Wait()
	p.ended = p.fleet.Close(ctx)

	p.mu.Lock()
	for _, f := range p.answers {
		p.settle(f, f.unsent(), ErrClosed)
	}
	for _, f := range p.homeless {
		p.settle(f, f.unsent(), ErrClosed)
	}
	for _, s := range p.slots {
		if s.former != nil {
			s.former.inbox.end(s.former.over)
		}
		for f := range s.flights {
			p.settle(f, f.unsent(), ErrClosed)
		}
	}
	p.homeless = nil
	p.mu.Unlock()
	p.report()
	p.publish(Event{Kind: Shut})
	p.watchers.end()
}

// now is the pool's time.
func (p *Pool) now() time.Time { return time.Now() }

// jittered draws within 20 % of d.
func (p *Pool) jittered(d time.Duration) time.Duration {
	p.jitters++
	return p.picker.Rand.Between(heal.DrawCrowd, p.jitters<<32, d-d/5, d+d/5)
}
