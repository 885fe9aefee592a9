package client

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsheal/wsheal/pool/driver"
	"github.com/wsheal/wsheal/pool/heal"
	"github.com/wsheal/wsheal/pool/policies"
)

// fleetClient is wsheal's driver as the chaos engine uses it: the clients are alone, and
// messages are observed where they are read, or received on goroutines of the clients'
// own as applications do.
type fleetClient struct{ receive bool }

type fleetConns struct {
	fleet    *driver.Fleet
	options  Options
	observed func(conn int, payload []byte) // nil: they are received instead
	started  atomic.Int64
	usable   atomic.Int64
	failed   atomic.Pointer[error]
	ready    chan struct{} // closed when all are usable for the first time, or a dial failed
	decided  sync.Once     // closes ready
}

func (f fleetClient) Open(ctx context.Context, o Options) (Conns, error) {
	policy, err := promptPolicy()
	if err != nil {
		return nil, err
	}
	dials := cmp.Or(o.InFlight, 64)
	c := &fleetConns{options: o, ready: make(chan struct{})}
	endpoints := make([]driver.Endpoint, len(o.URLs))
	for i, url := range o.URLs {
		endpoints[i] = driver.Endpoint{Name: fmt.Sprint("e", i), URL: url}
	}
	if !o.Reconnect {
		policy.First = heal.First{Rule: heal.Spread, Within: time.Hour}
		policy.Backoff = heal.Backoff{Base: time.Hour}
	}
	settings := driver.Options{
		Clients: o.Conns, Seed: 1, Policy: policy, Endpoints: endpoints, DialContext: dialDirect, Dials: dials, Observe: c.observe,
	}
	if f.receive {
		settings.Receive = func(conn int, _ uint32, payload []byte, _ bool) { c.received(conn, payload) }
	} else {
		c.observed = c.received
	}
	c.fleet, err = driver.Open(settings)
	if err != nil {
		return nil, err
	}
	for range min(dials, o.Conns) {
		c.startNext()
	}
	if err := c.await(ctx); err != nil {
		_ = c.Close(canceled())
		return nil, err
	}
	return c, nil
}

// promptPolicy is the default policy with its spread set to 0. Its handshakes may take
// long, because waiting for a turn counts.
func promptPolicy() (heal.Policy, error) {
	p, err := policies.Lookup("default")
	p.First = heal.First{Rule: heal.AtOnce}
	p.HandshakeTimeout, p.ProveTimeout = time.Minute, time.Minute
	p.StableAfter = time.Millisecond
	p.WriteStall = 10 * time.Second
	return p, err
}

// await waits until all are usable, and healed where that matters.
func (c *fleetConns) await(ctx context.Context) error {
	select {
	case <-c.ready:
	case <-ctx.Done():
		return fmt.Errorf("%d of %d connections usable: %w", c.usable.Load(), c.options.Conns, ctx.Err())
	}
	if err := c.failed.Load(); err != nil {
		return *err
	}
	if c.options.Reconnect {
		return c.Healed(ctx)
	}
	return nil
}

// Healed implements Healer.
func (c *fleetConns) Healed(ctx context.Context) error {
	for {
		healed := c.fleet.Snapshot().Phases[heal.Stable]
		if healed == c.options.Conns {
			return nil
		}
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("%d of %d connections healed: %w", healed, c.options.Conns, ctx.Err())
		}
	}
}

// startNext starts one client more; each that becomes usable calls it, so that no more
// are under way than there may be.
func (c *fleetConns) startNext() {
	if i := int(c.started.Add(1)) - 1; i < c.options.Conns {
		c.fleet.Start(i)
	}
}

func (c *fleetConns) observe(ev driver.Event) {
	switch {
	case ev.Kind == driver.Received:
		if c.observed != nil {
			c.observed(ev.Client, ev.Payload)
		}
	case ev.Kind != driver.Stepped:
	case ev.Step.Kind == heal.Failed:
		c.fail(ev)
	case ev.Step.Kind == heal.Opened:
		if f := c.options.Opened; f != nil {
			f(ev.Client)
		}
	case ev.From == heal.Proving && ev.State.Phase.Usable():
		if c.usable.Add(1) == int64(c.options.Conns) {
			c.decided.Do(func() { close(c.ready) })
		}
		if f := c.options.Usable; f != nil {
			f(ev.Client)
		}
		c.startNext()
	}
}

func (c *fleetConns) received(conn int, payload []byte) {
	if f := c.options.Received; f != nil {
		f(conn, payload)
	}
}

// fail tells of a dial that failed; before all were usable it fails Open.
func (c *fleetConns) fail(ev driver.Event) {
	err := fmt.Errorf("connection %d: %w", ev.Client, ev.Err)
	if f := c.options.Failed; f != nil {
		f(ev.Client, err)
	}
	if c.usable.Load() < int64(c.options.Conns) && c.failed.CompareAndSwap(nil, &err) {
		c.decided.Do(func() { close(c.ready) })
	}
}

func (c *fleetConns) Send(conn int, messages ...[]byte) error {
	for _, m := range messages {
		if err := c.fleet.Send(conn, driver.Message{Payload: m}); err != nil {
			return err
		}
	}
	return nil
}

func (c *fleetConns) Close(ctx context.Context) error { return c.fleet.Close(ctx) }
