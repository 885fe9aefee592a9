package pool

import (
	"container/list"
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsheal/wsheal/pool/crowd"
	"github.com/wsheal/wsheal/pool/driver"
	"github.com/wsheal/wsheal/pool/heal"
)

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
	// undivided is unclaimed as long as all that arrives goes there; nil: it has to be asked
	// whose it is, as an answer or a topic may tell, or somebody has had a lease or a session.
	undivided atomic.Pointer[inbox]

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
	moving     int // flights on their way from homeless to a slot: none or one
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
	leak       time.Time // when a lease is held for too long, at the earliest; zero: none will be
	stale      time.Time // the same of a session's message that is too old
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
		if c.Correlate.Reply == nil && c.Topic == nil {
			p.undivided.Store(p.unclaimed)
		}
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
			if unresolved := p.fleet.Snapshot().Unresolved; unresolved != nil && failure == nil {
				err = fmt.Errorf("%w: %w", err, unresolved)
			}
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

// Watch returns one who watches the pool from now on, until ctx ends or the pool is closed.
func (p *Pool) Watch(ctx context.Context) *Watch {
	given(ctx)
	return p.watchers.add(ctx)
}

// now is the pool's time.
func (p *Pool) now() time.Time { return time.Now() }

// jittered draws within 20 % of d.
func (p *Pool) jittered(d time.Duration) time.Duration {
	p.jitters++
	return p.picker.Rand.Between(heal.DrawCrowd, p.jitters<<32, d-d/5, d+d/5)
}
