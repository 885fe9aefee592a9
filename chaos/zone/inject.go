// Package zone carries out faults that have parts: the parts come into force together, are
// cleared together, and are counted one by one.
//
//	Fault ──▶ part ──▶ the injector that carries that out ──▶ its Evidence ─┐
//	     └──▶ part ──▶ …                                                    ├──▶ Evidence.Parts
package zone

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/wsheal/wsheal/chaos"
)

// Injector hands the parts of faults to those that carry them out. It may be used from many
// goroutines at once.
type Injector struct {
	carrier func(chaos.Backend) chaos.Injector

	mu    sync.Mutex
	known map[string][]chaos.Fault // parts by the name of their fault
}

var _ chaos.Injector = (*Injector)(nil)

// NewInjector returns an injector. Carrier finds who carries out the part of a backend,
// nil for nobody; it is asked anew each time.
func NewInjector(carrier func(chaos.Backend) chaos.Injector) *Injector {
	return &Injector{carrier: carrier, known: map[string][]chaos.Fault{}}
}

// Supports returns why a fault cannot be carried out, which is that one of its parts cannot.
func (i *Injector) Supports(f chaos.Fault) error {
	if err := chaos.Refusal(f, chaos.ByParts); err != nil {
		return fmt.Errorf("fault %q: %w", f.Name, err)
	}
	if len(f.Parts) == 0 {
		return fmt.Errorf("fault %q: it has no part", f.Name)
	}
	return together(f.Parts, func(_ int, p chaos.Fault) error {
		by := i.carrier(p.By)
		if by == nil {
			return fmt.Errorf("fault %q: nothing is there to carry its part out by %s", p.Name, p.By)
		}
		return by.Supports(p)
	})
}

// Inject puts all parts in force at once. Where one cannot be, the others may be.
func (i *Injector) Inject(ctx context.Context, f chaos.Fault) error {
	if err := i.Supports(f); err != nil {
		return err
	}
	i.mu.Lock()
	i.known[f.Name] = f.Parts
	i.mu.Unlock()
	return together(f.Parts, func(_ int, p chaos.Fault) error { return i.carrier(p.By).Inject(ctx, p) })
}

// Clear ends all parts at once.
func (i *Injector) Clear(ctx context.Context, name string) error {
	return together(i.parts(name), func(_ int, p chaos.Fault) error { return i.carrier(p.By).Clear(ctx, p.Name) })
}

// Evidence returns what was counted, of each part and of all.
func (i *Injector) Evidence(ctx context.Context, name string) (chaos.Evidence, error) {
	parts := i.parts(name)
	if len(parts) == 0 {
		return chaos.Evidence{}, fmt.Errorf("evidence of %q: it was never injected", name)
	}
	all := make([]chaos.PartEvidence, len(parts))
	err := together(parts, func(n int, p chaos.Fault) (err error) {
		all[n].Fault = p
		all[n].Evidence, err = i.carrier(p.By).Evidence(ctx, p.Name)
		return err
	})
	if err != nil {
		return chaos.Evidence{}, err
	}
	sum := all[0].Evidence
	for _, p := range all[1:] {
		sum = sum.Merge(p.Evidence)
	}
	failed := int64(0)
	for _, p := range all {
		if state, _ := p.Evidence.Judge(p.Fault, false); state == chaos.Confirmed {
			failed++
		}
	}
	sum = sum.Merge(chaos.Evidence{Armed: sum.Armed, Cleared: sum.Cleared, Counts: map[string]int64{"failed": failed}})
	sum.Parts = all
	return sum, nil
}

func (i *Injector) parts(name string) []chaos.Fault {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.known[name]
}

// together does something for all parts side by side and returns what went wrong.
func together(parts []chaos.Fault, do func(int, chaos.Fault) error) error {
	errs := make([]error, len(parts))
	var wg sync.WaitGroup
	for n, p := range parts {
		wg.Go(func() { errs[n] = do(n, p) })
	}
	wg.Wait()
	return errors.Join(errs...)
}
