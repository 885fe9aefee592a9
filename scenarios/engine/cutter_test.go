package engine_test

import (
	"bytes"
	"context"
	"net"
	"strconv"
	"sync"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/internal/memnet"
	"github.com/wsheal/wsheal/scenarios/engine"
)

// cutter stands for the fault proxy on a network in memory: it resets the connections of a
// fault's cohort, and takes no time for it.
type cutter struct {
	network *memnet.Network
	clock   func() int64

	mu       sync.Mutex
	open     map[uint64]*named // by client
	evidence chaos.Evidence
}

// named is a connection of a client that says who it is, in the first thing that it writes.
type named struct {
	net.Conn
	cutter *cutter
	known  bool
}

func (c *cutter) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := c.network.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &named{Conn: conn, cutter: c}, nil
}

func (n *named) Write(p []byte) (int, error) {
	if !n.known {
		n.known = true
		if _, id, ok := bytes.Cut(p, []byte(chaos.IdentityHeader+": ")); ok {
			id, _, _ = bytes.Cut(id, []byte("/"))
			client, _ := strconv.ParseUint(string(id), 10, 64)
			n.cutter.mu.Lock()
			n.cutter.open[client] = n
			n.cutter.mu.Unlock()
		}
	}
	return n.Conn.Write(p)
}

func (c *cutter) Supports(chaos.Fault) error { return nil }

func (c *cutter) Inject(_ context.Context, f chaos.Fault) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	now, e := c.clock(), &c.evidence
	e.Armed, e.First, e.Last, e.Cleared = now, now, now, now
	for client, n := range c.open {
		if chaos.InCohort(f.Seed, f.Name, client, f.Share) {
			n.Conn.(*memnet.Conn).Reset()
			e.Targeted++
			e.Hit++
			e.Resets++
		}
	}
	return nil
}

func (c *cutter) Clear(context.Context, string) error { return nil }

func (c *cutter) Evidence(context.Context, string) (chaos.Evidence, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.evidence, nil
}

func (c *cutter) Traffic(context.Context) (map[string]chaos.Traffic, error) { return nil, nil }

func (c *cutter) Front(_ context.Context, _, upstream string) (string, error) { return upstream, nil }

func (c *cutter) Usage() (engine.Usage, error) { return engine.Usage{}, nil }
func (c *cutter) Done() <-chan struct{}        { return nil }
func (c *cutter) Err() error                   { return nil }
func (c *cutter) Stop(context.Context) error   { return nil }
