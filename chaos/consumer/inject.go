package consumer

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/wsheal/wsheal/chaos"
)

// Injector makes clients slow whose connections it has wrapped. It may be used from many
// goroutines at once.
type Injector struct {
	clock func() int64

	mu    sync.Mutex
	serie int // of connections and faults, in the order of their coming
	conns map[*conn]struct{}
	deeds map[string]*deed
}

var _ chaos.Injector = (*Injector)(nil)

// NewInjector returns an injector. Clock is nanoseconds above 0, for the evidence.
func NewInjector(clock func() int64) *Injector {
	return &Injector{clock: clock, conns: map[*conn]struct{}{}, deeds: map[string]*deed{}}
}

// Wrap returns a client's connection to a target as the client is to use it, from the first
// byte.
func (i *Injector) Wrap(client uint64, target string, raw net.Conn) net.Conn {
	c := &conn{Conn: raw, client: client, target: target, injector: i, closed: make(chan struct{}), moved: make(chan struct{})}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.serie++
	c.born = i.serie
	i.conns[c] = struct{}{}
	for _, d := range i.deeds {
		d.meet(c)
	}
	i.rule(c)
	return c
}

// rule lets a connection have the slowest of what is in force on it. i.mu must be held.
func (i *Injector) rule(c *conn) {
	var slowest *deed
	for _, d := range i.deeds {
		if d.covers(c) && (slowest == nil || d.rate < slowest.rate) {
			slowest = d
		}
	}
	c.under.Store(slowest)
}

// Supports returns why a fault cannot be carried out, nil when it can.
func (i *Injector) Supports(f chaos.Fault) error {
	if err := chaos.Refusal(f, chaos.ByClients); err != nil {
		return fmt.Errorf("fault %q: %w", f.Name, err)
	}
	return nil
}

// Inject puts a fault in force. It ends by itself after f.For.
func (i *Injector) Inject(_ context.Context, f chaos.Fault) error {
	if err := i.Supports(f); err != nil {
		return err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if old, again := i.deeds[f.Name]; again && !old.over() {
		return fmt.Errorf("inject %q: it is in force already", f.Name)
	}
	i.serie++
	d := newDeed(f, i.serie, i.clock)
	i.deeds[f.Name] = d
	if f.For > 0 {
		d.expiry = time.AfterFunc(f.For, func() { i.end(d) })
	}
	for c := range i.conns {
		d.meet(c)
		i.rule(c)
	}
	return nil
}

// Clear ends a fault: what was held goes on. What is not in force needs no clearing.
func (i *Injector) Clear(_ context.Context, name string) error {
	i.mu.Lock()
	d := i.deeds[name]
	i.mu.Unlock()
	if d != nil {
		i.end(d)
	}
	return nil
}

func (i *Injector) end(d *deed) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for c := range i.conns {
		if c.under.Load() == d {
			c.note(d) // what lies unread at the end lay unread all the time
		}
	}
	d.clear()
	for c := range i.conns {
		i.rule(c)
	}
}

// Evidence returns what was counted for a fault.
func (i *Injector) Evidence(_ context.Context, name string) (chaos.Evidence, error) {
	i.mu.Lock()
	d := i.deeds[name]
	i.mu.Unlock()
	if d == nil {
		return chaos.Evidence{}, fmt.Errorf("evidence of %q: it was never injected", name)
	}
	return d.evidence(), nil
}

func (i *Injector) forget(c *conn) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.conns, c)
}
