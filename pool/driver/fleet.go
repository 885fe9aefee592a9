package driver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsheal/wsheal/pool/heal"
)

// What callers branch on.
var (
	ErrClosed    = errors.New("fleet: closed")
	ErrQueueFull = errors.New("fleet: queue full")
)

// Fleet drives Options.Clients clients through heal.Step. Its methods may be called
// from many goroutines at once. Clients are numbered from 0; a number that the fleet
// does not have is a programmer's error and panics.
type Fleet struct {
	options Options
	targets []target // by index of endpoint
	clients []client
	shards  []*shard

	dialling context.Context // ends when the fleet closes
	abort    context.CancelFunc
	work     sync.WaitGroup // dials and connections
	loops    sync.WaitGroup // shards

	closed  atomic.Bool
	closing sync.Once
	done    chan struct{} // closed when no goroutine of the fleet is left
}

// Open validates the options and starts the fleet's event loops. It dials nothing:
// Start does. Its error names everything that is wrong with the options.
func Open(o Options) (*Fleet, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	p := &Fleet{options: o, targets: newTargets(&o), clients: make([]client, o.Clients), done: make(chan struct{})}
	p.dialling, p.abort = context.WithCancel(context.Background())
	for range o.Shards {
		p.shards = append(p.shards, newShard(p))
	}
	for i := range p.clients {
		s := p.shards[i%len(p.shards)]
		c := &p.clients[i]
		c.id, c.fleet, c.shard = i, p, s
		c.timer.client = c
		s.phases[heal.Idle].Add(1)
	}
	for _, s := range p.shards {
		p.loops.Add(1)
		go s.run()
	}
	return p, nil
}

// Start tells one client to connect now; a started client heals until Close. Of a
// client that gave up it is the way back; of one that is at it it changes nothing.
func (p *Fleet) Start(client int) {
	c := &p.clients[client]
	if !p.closed.Load() {
		c.shard.post(mail{client: c, event: heal.Event{Kind: heal.Start}})
	}
}

// Send queues one message for a client and returns without waiting for the network.
// The payload is copied. It is sent when the client is usable, in order of Send. It
// fails with ErrQueueFull when the client's queue has no room for it, and with
// ErrClosed once Close was called.
func (p *Fleet) Send(client int, seq uint64, payload []byte) error {
	c := &p.clients[client]
	if p.closed.Load() {
		return ErrClosed
	}
	return c.enqueue(seq, payload)
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
	}
	return s
}

// Close ends every client with a close frame, bounded by ctx, then by force, and
// returns when every goroutine of the fleet has ended; its error tells that force was
// needed. A peer that does not answer a close frame is left after a second. Messages
// that are still queued are reported as Dropped. It may be called again.
func (p *Fleet) Close(ctx context.Context) error {
	p.closing.Do(func() {
		p.closed.Store(true)
		go p.shutdown()
	})
	select {
	case <-p.done:
		return nil
	default:
	}
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
	}
	for _, s := range p.shards {
		s.post(mail{order: force})
	}
	<-p.done
	return fmt.Errorf("fleet: close by force: %w", ctx.Err())
}

// shutdown ends the clients, waits for what they have under way and ends the loops.
func (p *Fleet) shutdown() {
	defer close(p.done)
	for i := range p.clients {
		c := &p.clients[i]
		c.shard.post(mail{client: c, event: heal.Event{Kind: heal.Close}})
	}
	// Once every shard has passed this barrier, no dial will be ordered any more, and
	// what is under way can be waited for.
	var barrier sync.WaitGroup
	for _, s := range p.shards {
		barrier.Add(1)
		s.post(mail{order: pass, passed: &barrier})
	}
	barrier.Wait()
	p.abort()
	p.work.Wait()
	for _, s := range p.shards {
		s.post(mail{order: quit})
	}
	p.loops.Wait()
}

// now is the fleet's clock.
func (p *Fleet) now() heal.Instant { return heal.Instant(time.Since(p.options.Epoch)) }

// Snapshot is the fleet at one moment.
type Snapshot struct {
	Phases  [heal.Phases]int // clients by heal.Phase
	Dials   uint64           // dials begun so far
	Waiting int              // messages queued or unacknowledged
}

// Usable counts the clients on which a validated exchange has happened.
func (s Snapshot) Usable() int {
	return s.Phases[heal.Ready] + s.Phases[heal.Stable] + s.Phases[heal.Suspect]
}
