package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// library dials one connection at a time.
type library interface {
	dial(ctx context.Context, url string) (connection, error)
}

// connection is one connection of a library. read is for one goroutine, the others are
// for all.
type connection interface {
	// read hands on messages, and answers pings and close frames, until the end.
	read(id int, received func(conn int, payload []byte)) error
	write(messages ...[]byte) error
	shut() // sends a close frame with 1000; the peer's answer ends read
	kill() // closes the socket
}

// bare is what people write around a library that does not heal: a goroutine that reads
// per connection, no timers, no queue; where a loss is to be repaired, it dials again.
type bare struct{ library library }

type bareConns struct {
	library  library
	options  Options
	slots    slots
	conns    []atomic.Pointer[connection]
	dialling context.Context // ends with the connections
	abort    context.CancelFunc
	work     sync.WaitGroup
	closing  atomic.Bool
}

func (b bare) Open(ctx context.Context, o Options) (Conns, error) {
	if o.Received == nil {
		o.Received = func(int, []byte) {}
	}
	p := &bareConns{library: b.library, options: o, slots: newSlots(o.InFlight), conns: make([]atomic.Pointer[connection], o.Conns)}
	p.dialling, p.abort = context.WithCancel(context.Background())
	failed := make([]error, o.Conns)
	var dials sync.WaitGroup
	for i := range o.Conns {
		if err := p.slots.take(ctx); err != nil {
			failed[i] = err
			break
		}
		dials.Go(func() {
			defer p.slots.give()
			failed[i] = p.dial(ctx, i)
		})
	}
	dials.Wait()
	if err := errors.Join(failed...); err != nil {
		_ = p.Close(canceled())
		return nil, err
	}
	return p, nil
}

// canceled is a context that is over, for closing by force.
func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// dial opens connection i and begins to read it, on a goroutine whose stack has never
// been deep.
func (p *bareConns) dial(ctx context.Context, i int) error {
	k, err := p.library.dial(ctx, p.options.URLs[i%len(p.options.URLs)])
	if err != nil {
		if f := p.options.Failed; f != nil {
			f(i, err)
		}
		return fmt.Errorf("connection %d: %w", i, err)
	}
	p.conns[i].Store(&k)
	if p.closing.Load() {
		k.kill()
	}
	if f := p.options.Opened; f != nil {
		f(i)
	}
	p.work.Add(1)
	go p.read(i, k)
	if f := p.options.Usable; f != nil {
		f(i)
	}
	return nil
}

// read is a connection's goroutine.
func (p *bareConns) read(i int, k connection) {
	defer p.work.Done()
	_ = k.read(i, p.options.Received)
	k.kill()
	if p.options.Reconnect && !p.closing.Load() {
		p.work.Add(1)
		go p.redial(i)
	}
}

// redial dials once; a failure is told and is the end of it.
func (p *bareConns) redial(i int) {
	defer p.work.Done()
	if p.slots.take(p.dialling) != nil {
		return
	}
	defer p.slots.give()
	_ = p.dial(p.dialling, i)
}

func (p *bareConns) Send(conn int, messages ...[]byte) error {
	return (*p.conns[conn].Load()).write(messages...)
}

func (p *bareConns) Close(ctx context.Context) error {
	p.closing.Store(true)
	p.abort()
	each := func(f func(connection)) {
		for i := range p.conns {
			if k := p.conns[i].Load(); k != nil {
				f(*k)
			}
		}
	}
	done := make(chan struct{})
	go func() {
		if ctx.Err() == nil {
			each(connection.shut)
		}
		p.work.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	each(connection.kill)
	<-done
	return fmt.Errorf("close by force: %w", ctx.Err())
}
