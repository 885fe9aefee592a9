package driver

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsheal/wsheal/pool/crowd"
	"github.com/wsheal/wsheal/pool/heal"
	"github.com/wsheal/wsheal/pool/wire"
)

// What callers branch on.
var (
	ErrClosed    = errors.New("fleet: closed")
	ErrLeft      = errors.New("fleet: the client was removed")
	ErrEnded     = errors.New("fleet: the message's connection has ended")
	ErrQueueFull = errors.New("fleet: queue full")
	ErrInboxFull = errors.New("fleet: inbox full")
	ErrNotText   = errors.New("fleet: a text message that is not UTF-8")
)

// Fleet drives clients through heal.Step. Its methods may be called from many goroutines
// at once. A number that the fleet has not given out is a programmer's error and panics;
// of a client that was removed, methods do nothing, or fail with ErrLeft.
type Fleet struct {
	options Options
	dialer  *wire.Dialer
	stall   time.Duration          // of a write
	spots   atomic.Pointer[[]spot] // by index of endpoint
	crowd   *commons               // nil: the clients are alone
	keys    keyring
	clients roster
	shards  []*shard

	life   context.Context // ends when the fleet closes
	abort  context.CancelFunc
	work   sync.WaitGroup // dials and connections
	users  sync.WaitGroup // goroutines that run the user's code, and may take as long as that does
	loops  sync.WaitGroup // shards
	crew   *crew          // that writes and delivers
	berths *berths        // nil: dials are not bounded
	desk   wire.Desk      // of connections that others read

	closed  atomic.Bool
	forced  atomic.Bool // nothing is waited for any more
	joining sync.RWMutex
	closing sync.Once
	done    chan struct{} // closed when no goroutine of the fleet's own is left
	quiet   chan struct{} // closed when none is left that runs the user's code either
}

// Open validates the options and starts the fleet's event loops. It dials nothing:
// Start does. Its error names everything that is wrong with the options.
func Open(o Options) (*Fleet, error) {
	if err := joined(o.Faults()); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	p := &Fleet{
		options: o, dialer: newDialer(&o), stall: o.Policy.StallAfter(),
		crew: newCrew(), done: make(chan struct{}), quiet: make(chan struct{}),
	}
	spots := make([]spot, len(o.Endpoints))
	for i, e := range o.Endpoints {
		spots[i] = spot{e, e.Address}
	}
	p.spots.Store(&spots)
	if o.Dials > 0 {
		p.berths = &berths{free: o.Dials}
	}
	p.life, p.abort = context.WithCancel(context.Background())
	for range o.Shards {
		p.shards = append(p.shards, newShard(p))
	}
	if o.Shared != nil {
		if err := p.share(); err != nil {
			p.abort()
			return nil, err
		}
	}
	for range o.Clients {
		p.Add()
	}
	for _, s := range p.shards {
		p.loops.Add(1)
		go s.run()
	}
	return p, nil
}

// share makes the clients one pool.
func (p *Fleet) share() error {
	p.spots.Store(new([]spot))
	p.crowd = newCommons(p)
	n := &p.crowd.names
	n.poked, n.known, n.list = make(chan struct{}, 1), map[string][]netip.Addr{}, p.options.Endpoints
	n.mu.Lock()
	err := p.crowd.settle()
	n.mu.Unlock()
	if err != nil {
		return err
	}
	if p.options.Shared.ResolveEvery >= 0 {
		p.work.Add(1)
		go p.crowd.watch(p.life)
	}
	return nil
}

// spot returns the endpoint of an index.
func (p *Fleet) spot(index uint8) spot { return (*p.spots.Load())[index] }

// Add makes one more client and returns its number, one more than the last. It is idle:
// Start connects it. On a fleet that is closed the number is that of a client that was
// removed.
func (p *Fleet) Add() (client int) {
	p.joining.RLock()
	defer p.joining.RUnlock()
	return p.clients.join(p.newClient)
}

func (p *Fleet) newClient(n int) *client {
	if p.closed.Load() {
		return nil
	}
	s := p.shards[n%len(p.shards)]
	c := &client{id: n, fleet: p, shard: s}
	c.timer.client = c
	c.straighten()
	s.phases[heal.Idle].Add(1)
	return c
}

// Remove ends one client for good. What is queued while it is usable, unacknowledged or
// in flight is finished first, for Policy.DrainTimeout at most; then it is closed with a
// close frame, what is still queued is Dropped, and Left is its last event. Its number is
// not used again. It does not wait for any of this.
func (p *Fleet) Remove(client int) {
	if c := p.clients.get(client); c != nil {
		c.shard.post(mail{client: c, order: remove})
	}
}

// Start tells one client to connect now; a started client heals until Remove or Close. Of
// a client that gave up it is the way back; of one that is at it it changes nothing.
func (p *Fleet) Start(client int) { p.tellClient(client, heal.Start) }

// Move gives a client another connection in place of the one it has: the new one is
// opened and proved first. Of a client that has no usable connection it changes nothing.
func (p *Fleet) Move(client int) { p.tellClient(client, heal.Move) }

// Window has a client's next reconnect spread over a window that the server announced,
// beside what its policy says: it is handed over with the loss of the connection in use, and
// void once heal has ended that one itself.
func (p *Fleet) Window(client int, within time.Duration) {
	if c := p.clients.get(client); c != nil {
		c.window.Store(int64(within))
	}
}

// tellClient passes an owner's wish on to heal.
func (p *Fleet) tellClient(client int, kind heal.EventKind) {
	if c := p.clients.get(client); c != nil && !p.closed.Load() {
		c.shard.post(mail{client: c, event: heal.Event{Kind: kind}})
	}
}

// Send queues one message for a client and returns without waiting for the network.
// The payload is copied. It is sent when the client is usable, in order of Send. It
// fails with ErrQueueFull when the client's queue has no room for it and Options.Full
// makes none, with ErrNotText when it is text and not UTF-8, with ErrLeft when the client is being removed,
// with ErrEnded when the connection of Message.Gen is over, and with ErrClosed once
// Close was called.
func (p *Fleet) Send(client int, m Message) error {
	c, err := p.sendable(client, &m)
	if err != nil {
		return err
	}
	return c.send(m)
}

// SendWait is Send for a caller who can wait: under Block it waits for room, in order
// with others who do, until ctx ends, whose error it then returns; the message was not
// queued. No connection is the worse for it.
func (p *Fleet) SendWait(ctx context.Context, client int, m Message) error {
	c, err := p.sendable(client, &m)
	if err != nil {
		return err
	}
	return c.sendWait(ctx, m)
}

// Accept names who is offered a client's messages in place of Options.Accept, from now on;
// nil: that again.
func (p *Fleet) Accept(client int, by Acceptor) {
	if c := p.clients.get(client); c != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.accept = nil; by != nil {
			c.accept = &by
		}
		c.straighten()
	}
}

func (p *Fleet) sendable(client int, m *Message) (*client, error) {
	if p.closed.Load() {
		return nil, ErrClosed
	}
	c := p.clients.get(client)
	if c == nil {
		return nil, ErrLeft
	}
	return c, p.options.sound(m)
}

// ClientInfo is one client at one moment.
type ClientInfo struct {
	Phase    heal.Phase
	Endpoint Endpoint     // of the connection in use, or dialled last; zero: none yet. Shared: its Address is the one that was dialled
	Gen      uint32       // generation of the connection in use, or dialled last
	Queued   int          // messages that no connection has taken yet
	InFlight int          // messages being written or unacknowledged
	Since    heal.Instant // when Phase began
}

// Client returns what there is to know of a client. One that was removed is Retired.
func (p *Fleet) Client(client int) ClientInfo {
	c := p.clients.get(client)
	if c == nil {
		return ClientInfo{Phase: heal.Retired}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	info := ClientInfo{
		Phase: c.seen.phase, Gen: c.seen.gen, Since: c.seen.since,
		Queued: int(c.outbox.frames - c.outbox.carried), InFlight: int(c.outbox.carried),
	}
	if c.seen.gen > 0 {
		info.Endpoint = p.spot(c.seen.endpoint).Endpoint
	}
	return info
}

// Snapshot counts the clients by phase. It is cheap; counted while clients change
// phase, its sum may be off by those.
func (p *Fleet) Snapshot() Snapshot {
	var s Snapshot
	for _, shard := range p.shards {
		for i := range shard.phases {
			s.Phases[i] += int(shard.phases[i].Load())
		}
		s.Dials += shard.dials.Load()
		s.Waiting += int(shard.waiting.Load())
		s.Discarded += shard.discarded.Load()
		s.Timers += int(shard.wheel.armed.Load())
	}
	if p.crowd != nil {
		s.Crowd = p.crowd.snapshot()
		p.crowd.names.mu.Lock()
		s.Unresolved = p.crowd.names.err
		p.crowd.names.mu.Unlock()
	}
	return s
}

// Close ends every client with a close frame, bounded by ctx, then by force, and
// returns when every goroutine of the fleet has ended; its error tells that force was
// needed. A peer that does not answer a close frame is left after a second. Messages
// that are still queued are reported as Dropped. What has arrived is still received;
// code of the user's that has not returned when ctx ends is left behind. It may be
// called again.
func (p *Fleet) Close(ctx context.Context) error {
	p.closing.Do(func() {
		p.joining.Lock()
		p.closed.Store(true)
		p.joining.Unlock()
		// Before force can be asked for: a client whose connection was killed before it was
		// closed would dial once more.
		p.clients.each(func(c *client) {
			c.shard.post(mail{client: c, event: heal.Event{Kind: heal.Close}})
		})
		go p.shutdown()
	})
	select {
	case <-p.quiet:
		return nil
	default:
	}
	select {
	case <-p.quiet:
		return nil
	case <-ctx.Done():
	}
	p.forced.Store(true)
	for _, s := range p.shards {
		s.post(mail{order: force})
	}
	<-p.done
	return fmt.Errorf("fleet: close by force: %w", ctx.Err())
}

// shutdown waits for what the clients, who are being closed, have under way, and ends the loops.
func (p *Fleet) shutdown() {
	defer close(p.quiet)
	defer p.crew.end()
	defer p.users.Wait()
	defer close(p.done)
	// Once every shard has passed this barrier, no dial will be ordered any more, and
	// what is under way can be waited for.
	var barrier sync.WaitGroup
	for _, s := range p.shards {
		barrier.Add(1)
		s.post(mail{order: pass, passed: &barrier})
	}
	barrier.Wait()
	if p.crowd != nil {
		p.crowd.close()
	}
	p.abort()
	p.work.Wait()
	p.desk.Wait()
	for _, s := range p.shards {
		s.post(mail{order: quit})
	}
	p.loops.Wait()
}

// now is the fleet's clock.
func (p *Fleet) now() heal.Instant { return heal.Instant(time.Since(p.options.Epoch)) }

// tell reports events, in order. No lock may be held.
func (p *Fleet) tell(events []Event) {
	for i := range events { // they are large
		p.options.Observe(events[i])
	}
}

// Snapshot is the fleet at one moment.
type Snapshot struct {
	Phases     [heal.Phases]int // clients by heal.Phase
	Dials      uint64           // dials begun so far
	Waiting    int              // messages queued or unacknowledged
	Timers     int              // in force: one of each client that has something to wait for
	Discarded  uint64           // messages that had arrived and were given up so far, for an inbox was full
	Crowd      crowd.Snapshot   // shared: what the clients decide together
	Unresolved error            // shared: of the last look at the endpoints' names; what was known before it holds
}

// Usable counts the clients on which a validated exchange has happened.
func (s Snapshot) Usable() (n int) {
	for phase, clients := range s.Phases {
		if heal.Phase(phase).Usable() {
			n += clients
		}
	}
	return n
}
