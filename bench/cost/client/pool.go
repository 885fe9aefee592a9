package client

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsheal/wsheal/pool"
	"github.com/wsheal/wsheal/pool/crowd"
	"github.com/wsheal/wsheal/pool/heal"
)

// poolClient is wsheal's pool as applications use it. Where messages are wanted each
// connection is leased, which is how a pool says over which one a message goes, and a
// goroutine per lease receives; or the pool chooses for each message, and Config.Receive gets
// all that come.
type poolClient struct{ choose bool }

type poolConns struct {
	pool     *pool.Pool
	options  Options
	leases   []*pool.Lease            // none: the pool chooses
	numbered []atomic.Pointer[[]byte] // what each connection has sent last, where the pool chooses
	told     uint64                   // of watch: connections that became ready, so far as it has told of them
	watching sync.WaitGroup
	readers  sync.WaitGroup
}

func (x poolClient) Open(ctx context.Context, o Options) (Conns, error) {
	policy, err := promptPolicy()
	if err != nil {
		return nil, err
	}
	dials := o.InFlight
	if dials <= 0 {
		dials = 64
	}
	settings := pool.Config{
		Min: o.Conns, Max: o.Conns, MinReady: -1, Seed: 1, Policy: policy, DialContext: dialDirect, LeaseWarn: -1,
		Crowd: crowd.Policy{
			Dials: dials, EndpointDials: dials, RebalanceAt: -1,
			// No storm: that all are lost at once would be one, whose spread is another thing to measure.
			StormLeast: math.MaxInt,
			// As many dials at once as the others have: fewer would be under way while the server's
			// answers are slow, which on a machine that server and clients share they always are.
			LatencyFactor: math.MaxInt32,
		},
	}
	if !o.Reconnect {
		settings.Policy.First = heal.First{Rule: heal.Spread, Within: time.Hour}
		settings.Policy.Backoff = heal.Backoff{Base: time.Hour}
	}
	for i, url := range o.URLs {
		settings.Endpoints = append(settings.Endpoints, pool.Endpoint{Name: fmt.Sprint("e", i), URL: url})
	}
	c := &poolConns{options: o, numbered: make([]atomic.Pointer[[]byte], o.Conns)}
	if x.choose {
		settings.Receive = c.received
	}
	if c.pool, err = pool.Open(ctx, settings); err != nil {
		return nil, err
	}
	if err := c.await(ctx, x.choose); err != nil {
		_ = c.Close(canceled())
		return nil, err
	}
	return c, nil
}

// await waits until all connections are usable, healed where that matters, and leased
// where messages are wanted, unless the pool is to choose.
func (c *poolConns) await(ctx context.Context, choose bool) error {
	n := c.options.Conns
	watch := c.pool.Watch(context.Background()) // what was before it is not told, and counted below
	err := c.until(ctx, "usable", func(s *pool.Snapshot) (int, error) {
		if s.Last != nil {
			return 0, s.Last
		}
		return s.Usable, nil
	})
	if err == nil && c.options.Reconnect {
		err = c.Healed(ctx)
	}
	if err != nil {
		return err
	}
	for i := range n { // they are told of together, for none was lost on the way
		c.back(i)
	}
	drainWatch(watch)
	c.told = c.pool.Snapshot().Totals.Connected
	c.watching.Go(func() { c.watch(watch) })
	if c.options.Received == nil || choose {
		return nil
	}
	for i := range n {
		l, err := c.pool.Acquire(ctx)
		if err != nil {
			return err
		}
		c.leases = append(c.leases, l)
		c.readers.Go(func() { c.receive(i, l) })
	}
	return nil
}

// Healed implements Healer.
func (c *poolConns) Healed(ctx context.Context) error {
	return c.until(ctx, "healed", func(s *pool.Snapshot) (int, error) { return s.Phases[heal.Stable], nil })
}

// until waits until as many are something as there are connections.
func (c *poolConns) until(ctx context.Context, what string, are func(*pool.Snapshot) (int, error)) error {
	for {
		s := c.pool.Snapshot()
		n, err := are(&s)
		if err != nil || n == c.options.Conns {
			return err
		}
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("%d of %d connections %s: %w", n, c.options.Conns, what, ctx.Err())
		}
	}
}

// drainWatch forgets what has been seen so far.
func drainWatch(w *pool.Watch) {
	for {
		if _, err := w.Next(canceled()); err != nil {
			return
		}
	}
}

// back tells of a connection that is there. A pool tells of those that are usable alone.
func (c *poolConns) back(i int) {
	if f := c.options.Opened; f != nil {
		f(i)
	}
	if f := c.options.Usable; f != nil {
		f(i)
	}
}

// watch tells of connections that are back. When thousands are lost at once it may fall behind
// by more events than are kept for it; from then on they only tell it when to count.
func (c *poolConns) watch(w *pool.Watch) {
	counting := false
	for ev := range w.Events(context.Background()) {
		counting = counting || ev.Skipped > 0
		switch {
		case counting:
			drainWatch(w)
			c.count()
		case ev.Kind == pool.Connected:
			c.told++
			c.back(ev.Connection)
		case ev.Kind == pool.Attempted && c.options.Failed != nil:
			c.options.Failed(ev.Connection, ev.Failure)
		}
	}
}

// count tells of connections that are back, by how many there have been so far: which they are
// is not known.
func (c *poolConns) count() {
	s := c.pool.Snapshot()
	for ; c.told < s.Totals.Connected; c.told++ {
		c.back(int(c.told) % c.options.Conns)
	}
	if f := c.options.Failed; f != nil && len(s.Totals.Failed) > 0 {
		f(0, fmt.Errorf("attempts failed: %v", s.Totals.Failed))
	}
}

func (c *poolConns) receive(i int, l *pool.Lease) {
	for {
		m, err := l.Receive(context.Background())
		if err != nil {
			return
		}
		c.options.Received(i, m.Payload)
	}
}

// numberSize is how much of a payload says whose it is where the pool chooses.
const numberSize = 4

// received takes an answer, over whichever connection it came. One connection needs no
// numbers: what it sends is sent as it is.
func (c *poolConns) received(m pool.Message) {
	conn := 0
	if c.options.Conns > 1 {
		conn = int(binary.BigEndian.Uint32(m.Payload))
	}
	if f := c.options.Received; f != nil {
		f(conn, m.Payload)
	}
}

// send lets the pool choose for each message, which is numbered by conn.
func (c *poolConns) send(conn int, messages [][]byte) error {
	for _, m := range messages {
		if c.options.Conns > 1 {
			m = c.number(conn, m)
		}
		if _, err := c.pool.Send(context.Background(), pool.Message{Payload: m}); err != nil {
			return err
		}
	}
	return nil
}

// number returns a message with the number of a connection at its head. Those of a workload are
// alike, so that it is made once: the copying would be the workload's cost, not the pool's.
func (c *poolConns) number(conn int, m []byte) []byte {
	last := &c.numbered[conn]
	if n := last.Load(); n != nil && bytes.Equal((*n)[numberSize:], m[numberSize:]) {
		return *n
	}
	n := bytes.Clone(m)
	binary.BigEndian.PutUint32(n[:numberSize], uint32(conn))
	last.Store(&n)
	return n
}

func (c *poolConns) Send(conn int, messages ...[]byte) error {
	if c.leases == nil {
		return c.send(conn, messages)
	}
	for _, m := range messages {
		if _, err := c.leases[conn].Send(context.Background(), pool.Message{Payload: m}); err != nil {
			return err
		}
	}
	return nil
}

func (c *poolConns) Close(ctx context.Context) error {
	err := c.pool.Close(ctx)
	c.readers.Wait()
	c.watching.Wait()
	return err
}
