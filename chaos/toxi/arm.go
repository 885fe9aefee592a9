package toxi

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	stock "github.com/Shopify/toxiproxy/v2"
)

const (
	settleTime = 2 * time.Second // for the writes in flight to end or to be stopped; they take microseconds
	cutters    = 8               // connections swept at once
)

// add puts a toxic in force and returns when it is. A toxic that replaces another takes
// its place in the list in the same instant.
func (p *proxy) add(t *toxic, replaces *toxic) error {
	p.armMu.Lock()
	defer p.armMu.Unlock()
	if p.closed() { // nobody would clear it
		return stock.ErrProxyNotFound
	}
	if replaces != nil && !slices.Contains(p.toxics, replaces) {
		return stock.ErrToxicNotFound
	}
	if slices.ContainsFunc(p.toxics, func(x *toxic) bool { return x != replaces && x.Name == t.Name }) {
		return stock.ErrToxicAlreadyExists
	}
	p.past[t.Name] = t.order
	if replaces != nil {
		replaces.order.cleared.Store(p.clock())
		replaces.stopTimers()
		p.bury(replaces.order)
	}
	o := t.order
	o.from.Store(uint64(p.accepted.Load()))
	if o.ramp > 0 {
		o.steps.Store(1)
	}
	if _, ok := o.rule.(sweeper); ok {
		o.armed.Store(p.clock())
		p.sweep(o)
		if o.once && o.ramp == 0 {
			o.cleared.Store(p.clock())
			p.forgetNotes(o)
			p.drop(replaces)
			return nil
		}
	}
	list := slices.DeleteFunc(slices.Clone(*p.orders.Load()), func(x *order) bool { return replaces != nil && x == replaces.order })
	if !o.once {
		list = append(list, o)
	}
	if n := p.publish(list); n > 0 {
		p.drop(t)
		p.drop(replaces)
		return &stock.ApiError{
			Message:    fmt.Sprintf("toxic %q not in force: %d writes did not end within %v", t.Name, n, settleTime),
			StatusCode: http.StatusServiceUnavailable,
		}
	}
	if replaces != nil {
		p.forgetNotes(replaces.order)
	}
	o.quiet.Store(o.steps.Load())
	o.armed.CompareAndSwap(0, p.clock())
	if i := slices.Index(p.toxics, replaces); i >= 0 {
		p.toxics[i] = t
	} else {
		p.toxics = append(p.toxics, t)
	}
	p.begin(t)
	if o.lasts > 0 {
		t.expiry = time.AfterFunc(o.lasts, func() { p.expire(t) })
	}
	if o.ramp > 0 {
		began := time.Now()
		t.growth = time.AfterFunc(o.ramp/rampSteps, func() { p.grow(t, began) })
	}
	return nil
}

// grow takes the next step of a ramp: of the cohort that is to be the lanes hear first,
// and what crosses is a leak only once all of them obey. Steps are due by when the ramp began,
// so that what they take does not put off the last beyond the end.
func (p *proxy) grow(t *toxic, began time.Time) {
	p.armMu.Lock()
	defer p.armMu.Unlock()
	o := t.order
	if !slices.Contains(p.toxics, t) || o.steps.Load() == rampSteps {
		return
	}
	o.steps.Add(1)
	if _, ok := o.rule.(sweeper); ok {
		p.sweep(o)
	}
	if !o.once && p.publish(slices.Clone(*p.orders.Load())) == 0 {
		o.quiet.Store(o.steps.Load())
	}
	switch {
	case o.steps.Load() < rampSteps:
		t.growth.Reset(time.Until(began.Add(o.ramp * time.Duration(o.steps.Load()) / rampSteps)))
	case o.once:
		p.drop(t)
	}
}

// publish makes a list the one in force and returns when every lane obeys it: how many
// still had a write going on when the time was up, which is none.
func (p *proxy) publish(list []*order) int {
	p.orders.Store(&list)
	var waits []<-chan struct{}
	for _, c := range p.living() {
		for _, l := range []*lane{c.up, c.down} {
			if quiet := l.visit(); quiet != nil {
				waits = append(waits, quiet)
			}
		}
	}
	late := time.NewTimer(settleTime)
	defer late.Stop()
	for i, quiet := range waits {
		select {
		case <-quiet:
		case <-late.C:
			return len(waits) - i
		}
	}
	return 0
}

// sweep acts on every connection of the order's cohort, and notes as targeted each client
// that had one on which its upgrade had been answered.
func (p *proxy) sweep(o *order) {
	queue := make(chan *conn)
	var done sync.WaitGroup
	for range cutters {
		done.Go(func() {
			for c := range queue {
				who := c.who.Load()
				if o.rule.(sweeper).sweep(o, c) != wasClosed && who != nil && c.wasServed() {
					o.target(who.client)
				}
			}
		})
	}
	for _, c := range p.living() {
		who := c.who.Load()
		if o.covers(c) && (who != nil && o.has(who.client) || who == nil && o.share >= 1 && o.ramp == 0) {
			queue <- c
		}
	}
	close(queue)
	done.Wait()
}

// drop takes a toxic out of the list and out of force. p.armMu is held.
func (p *proxy) drop(t *toxic) {
	if t == nil {
		return
	}
	t.stopTimers()
	t.order.cleared.CompareAndSwap(0, p.clock())
	p.toxics = slices.DeleteFunc(p.toxics, func(x *toxic) bool { return x == t })
	before := *p.orders.Load()
	if slices.Contains(before, t.order) {
		p.publish(slices.DeleteFunc(slices.Clone(before), func(o *order) bool { return o == t.order }))
		if e, ok := t.order.rule.(ender); ok {
			e.ended(t.order, p)
		}
	}
	p.bury(t.order)
	p.forgetNotes(t.order)
}

// remove ends the toxic of a name; false when there is none.
func (p *proxy) remove(name string) bool {
	p.armMu.Lock()
	defer p.armMu.Unlock()
	t := p.find(name)
	p.drop(t)
	return t != nil
}

// expire ends a toxic whose time is up.
func (p *proxy) expire(t *toxic) {
	p.armMu.Lock()
	defer p.armMu.Unlock()
	if slices.Contains(p.toxics, t) {
		p.drop(t)
	}
}

// clearAll ends every toxic.
func (p *proxy) clearAll() {
	p.armMu.Lock()
	defer p.armMu.Unlock()
	for _, t := range slices.Clone(p.toxics) {
		p.drop(t)
	}
}

// find returns the toxic of a name, nil when there is none. p.armMu is held.
func (p *proxy) find(name string) *toxic {
	for _, t := range p.toxics {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// listed returns the toxics in force.
func (p *proxy) listed() []*toxic {
	p.armMu.Lock()
	defer p.armMu.Unlock()
	return slices.Clone(p.toxics)
}

// lookup returns the toxic of a name.
func (p *proxy) lookup(name string) (*toxic, error) {
	p.armMu.Lock()
	defer p.armMu.Unlock()
	if t := p.find(name); t != nil {
		return t, nil
	}
	return nil, stock.ErrToxicNotFound
}

// orderOf returns the last order of a name, also after it ended; nil when there was none.
func (p *proxy) orderOf(name string) *order {
	p.armMu.Lock()
	defer p.armMu.Unlock()
	return p.past[name]
}
