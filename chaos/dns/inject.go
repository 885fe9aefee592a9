package dns

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/wsheal/wsheal/chaos"
)

// deed is one fault and what came of it. The server's mutex guards it.
type deed struct {
	fault  chaos.Fault
	effect chaos.DNS
	to     ruling // of a query for an address
	clock  func() int64
	expiry *time.Timer // nil: it does not end by itself
	counts chaos.Evidence
}

// bend is what the fault makes of an answer.
func (d *deed) bend(q query, truth ruling) ruling {
	if d.counts.Cleared != 0 {
		return truth
	}
	d.counts.Counts["queries"]++
	r := truth
	switch d.effect.Says() {
	case chaos.Moved:
		if q.kind == typeA {
			r = d.to
		}
	case chaos.Right:
	default:
		r = d.to
	}
	r.delay += d.effect.Delay
	if r == truth { // of a name that has moved, another type was asked for
		return r
	}
	d.counts.Counts["misled"]++
	d.counts.Last = d.clock()
	if d.counts.First == 0 {
		d.counts.First = d.counts.Last
	}
	if d.effect.Delay > 0 {
		d.counts.Delayed++
		d.counts.DelayNS += int64(d.effect.Delay)
	}
	return r
}

func (d *deed) clear() {
	if d.counts.Cleared != 0 {
		return
	}
	if d.expiry != nil {
		d.expiry.Stop()
	}
	d.counts.Cleared = d.clock()
}

// Supports returns why a fault cannot be carried out, nil when it can.
func (s *Server) Supports(f chaos.Fault) error {
	if err := chaos.Refusal(f, chaos.ByResolver); err != nil {
		return fmt.Errorf("fault %q: %w", f.Name, err)
	}
	if !slices.ContainsFunc(s.names, func(n Name) bool { return n.Target == f.On && n.Host != "" }) {
		return fmt.Errorf("fault %q: target %q has no name that is resolved", f.Name, f.On)
	}
	if d := chaos.Value(f.Effect).(chaos.DNS); !s.address(d.Whose()).IsValid() {
		return fmt.Errorf("fault %q: there is no target %q to move to", f.Name, d.Whose())
	}
	return nil
}

// Inject puts a fault in force. It ends by itself after f.For. A target has one at a time.
func (s *Server) Inject(_ context.Context, f chaos.Fault) error {
	if err := s.Supports(f); err != nil {
		return err
	}
	e := chaos.Value(f.Effect).(chaos.DNS)
	d := &deed{fault: f, effect: e, clock: s.clock}
	switch e.Says() {
	case chaos.NXDomain:
		d.to = ruling{code: nxDomain}
	case chaos.ServFail:
		d.to = ruling{code: servFail}
	case chaos.NoAnswer:
		d.to = ruling{silent: true}
	case chaos.Moved:
		d.to = ruling{addr: s.address(e.Whose())}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, other := range s.deeds {
		if other.fault.On == f.On && other.counts.Cleared == 0 {
			return fmt.Errorf("inject %q on %q: %q is still in force there, expected one fault of a name at a time", f.Name, f.On, name)
		}
	}
	d.counts = chaos.Evidence{Armed: s.clock(), Counts: map[string]int64{}}
	if f.For > 0 {
		d.expiry = time.AfterFunc(f.For, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			d.clear()
		})
	}
	s.deeds[f.Name] = d
	return nil
}

// Clear ends a fault. What is not in force needs no clearing.
func (s *Server) Clear(_ context.Context, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := s.deeds[name]; d != nil {
		d.clear()
	}
	return nil
}

// Evidence returns what was counted for a fault.
func (s *Server) Evidence(_ context.Context, name string) (chaos.Evidence, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.deeds[name]
	if d == nil {
		return chaos.Evidence{}, fmt.Errorf("evidence of %q: it was never injected", name)
	}
	e := d.counts
	e.Counts = maps.Clone(e.Counts)
	return e, nil
}
