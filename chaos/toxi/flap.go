package toxi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/wsheal/wsheal/chaos"
)

// phase of an order that flaps: lowered it is in force, raised it is not.
//
//	lowered ─▶ raised ─▶ lowering ─▶ lowered ─▶ … ─▶ cleared
//
// Lowering, lanes obey one after the other, as when it first came into force; nothing that
// crosses is a leak yet.
const (
	lowered uint32 = iota
	raised
	lowering
)

// off says whether the order is over, or lifted for now.
func (o *order) off() bool { return o.cleared.Load() != 0 || o.lifted.Load() == raised }

// begin lets a toxic flap that has just come into force. p.armMu is held.
func (p *proxy) begin(t *toxic) {
	if !t.order.flap.On() {
		return
	}
	t.order.count(chaos.CountDowns, 1)
	t.due = time.Now().Add(t.order.flap.Down)
	t.edge = time.AfterFunc(t.order.flap.Down, func() { p.turn(t) })
}

// turn takes a toxic that flaps over its next edge. The edges are at times fixed from the
// first, so that late ones do not make others late.
func (p *proxy) turn(t *toxic) {
	p.armMu.Lock()
	defer p.armMu.Unlock()
	o := t.order
	if !slices.Contains(p.toxics, t) {
		return
	}
	switch {
	case o.lifted.Load() == raised:
		p.lower(o)
		t.due = t.due.Add(o.flap.Down)
	case o.flap.Cycles > 0 && int64(o.turns.Load())+1 >= o.flap.Cycles:
		p.drop(t)
		return
	default:
		p.lift(o)
		t.due = t.due.Add(o.flap.Up)
	}
	t.edge.Reset(max(0, time.Until(t.due)))
}

// lift takes an order out of force for some time. p.armMu is held.
func (p *proxy) lift(o *order) {
	o.lifted.Store(raised)
	p.publish(slices.DeleteFunc(slices.Clone(*p.orders.Load()), func(x *order) bool { return x == o }))
	if e, ok := o.rule.(ender); ok {
		e.ended(o, p)
	}
	p.bury(o)
	o.count(chaos.CountUps, 1)
}

// lower puts a lifted order in force again: for the connections that are open now, and for
// those to come. p.armMu is held.
func (p *proxy) lower(o *order) {
	o.mu.Lock()
	o.ctx, o.release = nil, nil
	o.mu.Unlock()
	o.turns.Add(1)
	o.from.Store(uint64(p.accepted.Load()))
	o.lifted.Store(lowering)
	if _, ok := o.rule.(sweeper); ok {
		p.sweep(o)
	}
	if p.publish(append(slices.Clone(*p.orders.Load()), o)) > 0 {
		return // it is not claimed
	}
	o.quiet.Store(o.steps.Load())
	o.lifted.Store(lowered)
	o.count(chaos.CountDowns, 1)
}

// takeFlap moves the attribute flap out of the map.
func takeFlap(attributes map[string]json.RawMessage, into *chaos.Flap) error {
	raw, ok := attributes[attrFlap]
	if !ok {
		return nil
	}
	delete(attributes, attrFlap)
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return badRequest(fmt.Sprintf("attribute %q: %s, expected up, down (ns) and cycles", attrFlap, wording(err)))
	}
	if bad := into.Check(); len(bad) > 0 {
		return badRequest(fmt.Sprintf("attribute %q: %s", attrFlap, strings.Join(bad, "; ")))
	}
	return nil
}
