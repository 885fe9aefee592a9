package kernel

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/wsheal/wsheal/chaos"
)

// errOutside keeps the rules of the kernel that everybody on this host shares as they are.
var errOutside = errors.New("this process is not in a network namespace of its own")

// Injector has the kernel break connections to targets. It may be used from many
// goroutines at once.
type Injector struct {
	targets map[string]string
	clock   func() int64

	mu    sync.Mutex // one question to the kernel at a time
	deeds map[string]*deed
	last  int
}

// deed is one fault that was put in force.
type deed struct {
	fault  chaos.Fault
	table  string // "" when there is none, or no longer
	expiry *time.Timer
	e      chaos.Evidence
}

var _ chaos.Injector = (*Injector)(nil)

// NewInjector returns an injector for targets, by name the address (host:port) where they
// listen. Clock is nanoseconds above 0, for the evidence.
func NewInjector(targets map[string]string, clock func() int64) *Injector {
	return &Injector{targets: targets, clock: clock, deeds: map[string]*deed{}}
}

// Supports returns why a fault cannot be carried out, nil when it can.
func (i *Injector) Supports(f chaos.Fault) error {
	err := chaos.Refusal(f, chaos.ByKernel)
	if err == nil && !Inside() {
		err = errOutside
	}
	if err == nil {
		_, err = i.port(f.On)
	}
	if err != nil {
		return fmt.Errorf("fault %q: %w", f.Name, err)
	}
	return nil
}

// port is that of a target, which must be in the namespace: on its loopback.
func (i *Injector) port(on string) (uint16, error) {
	addr, ok := i.targets[on]
	if !ok {
		return 0, fmt.Errorf("there is no target %q", on)
	}
	host, text, err := net.SplitHostPort(addr)
	if err != nil {
		return 0, fmt.Errorf("target %q: %w", on, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return 0, fmt.Errorf("target %q is at %s, expected a loopback address: no other is in the run's network namespace", on, addr)
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0, fmt.Errorf("target %q: port %q: %w", on, text, err)
	}
	return uint16(port), nil
}

// Inject puts a fault in force. It ends by itself after f.For.
func (i *Injector) Inject(_ context.Context, f chaos.Fault) error {
	if err := i.Supports(f); err != nil {
		return err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if d, ok := i.deeds[f.Name]; ok && d.e.Cleared == 0 {
		return fmt.Errorf("inject %q: it is in force already", f.Name)
	}
	port, err := i.port(f.On)
	if err != nil {
		return err
	}
	d := &deed{fault: f}
	if _, once := f.Effect.(chaos.KernelKill); once {
		err = i.kill(d, port)
	} else {
		err = i.partition(d, port)
	}
	if err != nil {
		return fmt.Errorf("inject %q on %q: %w", f.Name, f.On, err)
	}
	i.deeds[f.Name] = d
	return nil
}

func (i *Injector) kill(d *deed, port uint16) error {
	d.e.Armed = i.clock()
	n, err := destroy(port)
	if err != nil {
		return err
	}
	d.e.Cleared = i.clock()
	if n > 0 {
		d.e.First, d.e.Last = d.e.Armed, d.e.Cleared
	}
	d.e.Counts = map[string]int64{"destroyed": int64(n)}
	return nil
}

func (i *Injector) partition(d *deed, port uint16) error {
	i.last++
	d.table = "wsheal-" + strconv.Itoa(i.last)
	var peers []uint16
	if d.fault.Conns == chaos.Existing {
		var err error
		if peers, err = peersOf(port); err != nil {
			return err
		}
	}
	if err := drop(d.table, rulesFor(d.fault, port), peers); err != nil {
		return err
	}
	d.e.Armed = i.clock()
	if d.fault.For > 0 {
		// What goes wrong then is told when it is cleared, which the run always does.
		d.expiry = time.AfterFunc(d.fault.For, func() { _ = i.Clear(context.Background(), d.fault.Name) })
	}
	return nil
}

// Clear ends a fault. What is not in force needs no clearing.
func (i *Injector) Clear(_ context.Context, name string) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	d, ok := i.deeds[name]
	if !ok || d.table == "" {
		return nil
	}
	if d.expiry != nil {
		d.expiry.Stop()
	}
	// What was counted goes with the table.
	read := i.read(d)
	if err := undrop(d.table); err != nil {
		return fmt.Errorf("clear %q: %w", name, err)
	}
	d.table, d.e.Cleared = "", i.clock()
	if read != nil {
		return fmt.Errorf("clear %q: %w", name, read)
	}
	return nil
}

func (i *Injector) read(d *deed) error {
	n, err := dropped(d.table)
	if err != nil {
		return err
	}
	d.e.Counts = map[string]int64{"dropped": n} // a new one, for the last may be read yet
	return nil
}

var errNeverInjected = errors.New("it was never injected")

// Evidence returns what the kernel has counted for a fault.
func (i *Injector) Evidence(_ context.Context, name string) (chaos.Evidence, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	d, ok := i.deeds[name]
	if !ok {
		return chaos.Evidence{}, fmt.Errorf("evidence of %q: %w", name, errNeverInjected)
	}
	if d.table != "" {
		if err := i.read(d); err != nil {
			return chaos.Evidence{}, fmt.Errorf("evidence of %q: %w", name, err)
		}
	}
	return d.e, nil
}
