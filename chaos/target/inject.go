package target

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"

	"github.com/wsheal/wsheal/chaos"
)

// Injector has embedded targets misbehave of their own accord, over their control APIs. It
// may be used from many goroutines at once.
type Injector struct {
	controls map[string]string // addresses, by the target's name

	mu sync.Mutex
	on map[string]string // by fault: the target that was told
}

var _ chaos.Injector = (*Injector)(nil)

// NewInjector returns an injector for targets, by name the Control address of their Hello.
// It does not connect.
func NewInjector(controls map[string]string) *Injector {
	return &Injector{controls: controls, on: map[string]string{}}
}

// Supports returns why the target cannot express a fault, nil when it can.
func (i *Injector) Supports(f chaos.Fault) error {
	if err := chaos.Refusal(f, chaos.ByTarget); err != nil {
		return fmt.Errorf("fault %q: %w", f.Name, err)
	}
	if _, ok := i.controls[f.On]; !ok {
		return fmt.Errorf("fault %q: there is no embedded target %q", f.Name, f.On)
	}
	return nil
}

// Inject puts the fault in force on the target of the name f.On and returns when the target
// has confirmed it.
func (i *Injector) Inject(ctx context.Context, f chaos.Fault) error {
	if err := i.Supports(f); err != nil {
		return err
	}
	attributes, err := chaos.EncodeEffect(f.Effect)
	if err != nil {
		return err
	}
	i.mu.Lock()
	i.on[f.Name] = f.On
	i.mu.Unlock()
	in := posted{
		Name: f.Name, Kind: f.Effect.Kind(), Seed: f.Seed, Share: &f.Share, For: f.For, Conns: f.Conns, Attributes: attributes,
	}
	if err := call(ctx, http.MethodPost, i.controls[f.On], "/faults", in, nil); err != nil {
		return fmt.Errorf("inject %q on %q: %w", f.Name, f.On, err)
	}
	return nil
}

// Clear ends the named fault, and returns when it is not in force.
func (i *Injector) Clear(ctx context.Context, name string) error {
	control, ok := i.told(name)
	if !ok {
		return nil
	}
	if err := call(ctx, http.MethodDelete, control, "/faults/"+url.PathEscape(name), nil, nil); err != nil {
		return fmt.Errorf("clear %q: %w", name, err)
	}
	return nil
}

// errNeverInjected is for evidence of a fault that no target was told.
var errNeverInjected = errors.New("it was never injected")

// Evidence returns what the target counted for the named fault. A fault that was never
// injected is an error.
func (i *Injector) Evidence(ctx context.Context, name string) (chaos.Evidence, error) {
	var e chaos.Evidence
	control, ok := i.told(name)
	if !ok {
		return e, fmt.Errorf("evidence of %q: %w", name, errNeverInjected)
	}
	if err := call(ctx, http.MethodGet, control, "/evidence/"+url.PathEscape(name), nil, &e); err != nil {
		return e, fmt.Errorf("evidence of %q: %w", name, err)
	}
	return e, nil
}

func (i *Injector) told(fault string) (control string, ok bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	on, ok := i.on[fault]
	return i.controls[on], ok
}
