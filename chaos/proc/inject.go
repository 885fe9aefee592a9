package proc

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/wsheal/wsheal/chaos"
)

// Injector breaks servers by signals to their processes, and starts them again. It may be
// used from many goroutines at once.
type Injector struct {
	servers map[string]*Server
	clock   func() int64

	mu    sync.Mutex
	deeds map[string]*deed
}

var _ chaos.Injector = (*Injector)(nil)

// NewInjector returns an injector for servers by their names. Clock is nanoseconds above
// 0, for the evidence.
func NewInjector(servers map[string]*Server, clock func() int64) *Injector {
	return &Injector{servers: servers, clock: clock, deeds: map[string]*deed{}}
}

// conduct carries a kind of fault out, from beginning to end: it calls arm when the fault
// is in force, keeps it so until ctx ends, and returns when nothing of it is left.
type conduct func(ctx context.Context, d *deed) error

// conducts are the kinds that this package carries out.
var conducts = map[string]conduct{}

// Supports returns why a fault cannot be carried out, nil when it can.
func (i *Injector) Supports(f chaos.Fault) error {
	err := chaos.Refusal(f, chaos.ByProcess)
	if err == nil {
		err = seen()
	}
	if err != nil {
		return fmt.Errorf("fault %q: %w", f.Name, err)
	}
	servers, err := i.meant(f)
	if r, ok := f.Effect.(chaos.RollingRestart); ok && err == nil {
		err = rolls(r, f.For, servers)
	}
	if err != nil {
		return fmt.Errorf("fault %q: %w", f.Name, err)
	}
	return nil
}

// meant are the servers that a fault is carried out on, in order.
func (i *Injector) meant(f chaos.Fault) ([]*Server, error) {
	names := []string{f.On}
	if r, ok := f.Effect.(chaos.RollingRestart); ok {
		if names = r.Named(); names == nil {
			names = slices.Sorted(maps.Keys(i.servers))
			names = append([]string{f.On}, slices.DeleteFunc(names, func(n string) bool { return n == f.On })...)
		}
	}
	var list []*Server
	for _, name := range names {
		s, ok := i.servers[name]
		if !ok {
			return nil, fmt.Errorf("the run has not started the process of target %q", name)
		}
		list = append(list, s)
	}
	return list, nil
}

// Inject puts a fault in force. It ends by itself after f.For. One server has one fault at
// a time.
func (i *Injector) Inject(ctx context.Context, f chaos.Fault) error {
	if err := i.Supports(f); err != nil {
		return err
	}
	d, err := i.begin(f)
	if err != nil {
		return fmt.Errorf("inject %q on %q: %w", f.Name, f.On, err)
	}
	select {
	case <-d.armed:
		return nil
	case <-d.done:
		if d.err == nil { // it was over before anybody looked
			return nil
		}
		return fmt.Errorf("inject %q on %q: %w", f.Name, f.On, d.err)
	case <-ctx.Done():
		d.cancel()
		return fmt.Errorf("inject %q on %q: %w", f.Name, f.On, ctx.Err())
	}
}

func (i *Injector) begin(f chaos.Fault) (*deed, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	servers, err := i.meant(f)
	if err != nil {
		return nil, err
	}
	d := &deed{fault: f, server: servers[0], servers: servers, clock: i.clock, armed: make(chan struct{}), done: make(chan struct{})}
	for name, other := range i.deeds {
		common := slices.ContainsFunc(other.servers, func(s *Server) bool { return slices.Contains(servers, s) })
		if common && !other.over() {
			return nil, fmt.Errorf("%q is still in force there, expected one fault of a process at a time", name)
		}
	}
	i.deeds[f.Name] = d
	ctx := context.Background()
	if f.For > 0 {
		ctx, d.cancel = context.WithTimeout(ctx, f.For)
	} else {
		ctx, d.cancel = context.WithCancel(ctx)
	}
	go d.carryOut(ctx, conducts[f.Effect.Kind()])
	return d, nil
}

// Clear ends a fault and returns when nothing of it is left. What was never in force needs
// no clearing.
func (i *Injector) Clear(ctx context.Context, name string) error {
	d, ok := i.deed(name)
	if !ok {
		return nil
	}
	d.cancel()
	select {
	case <-d.done:
		if d.err != nil {
			return fmt.Errorf("clear %q: %w", name, d.err)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("clear %q: %w", name, ctx.Err())
	}
}

var errNeverInjected = errors.New("it was never injected")

// Evidence returns what was counted for a fault.
func (i *Injector) Evidence(_ context.Context, name string) (chaos.Evidence, error) {
	d, ok := i.deed(name)
	if !ok {
		return chaos.Evidence{}, fmt.Errorf("evidence of %q: %w", name, errNeverInjected)
	}
	return d.evidence(), nil
}

func (i *Injector) deed(name string) (*deed, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	d, ok := i.deeds[name]
	return d, ok
}

// Kinds are the names of the faults that this package carries out, in order.
func Kinds() []string {
	var names []string
	for name := range conducts {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
