package driver

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/wsheal/wsheal/pool/heal"
	"github.com/wsheal/wsheal/pool/wire"
)

// newDialer is what all connections of a fleet are opened by.
func newDialer(o *Options) *wire.Dialer {
	return &wire.Dialer{
		DialContext: dialing(o.DialContext), Resolve: o.Resolve, Proxy: o.Proxy, TLS: o.TLS,
		Subprotocols: o.Subprotocols, Deflate: o.Deflate, KeepAlive: o.Policy.PingEvery == 0,
		MaxMessage: o.MaxMessage, MaxFrame: o.MaxFrame, Epoch: o.Epoch,
	}
}

// dialing is a user's way to dial, held to its word: a connection or an error.
func dialing(dial func(ctx context.Context, network, addr string) (net.Conn, error)) func(context.Context, string, string) (net.Conn, error) {
	if dial == nil {
		return nil
	}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		if c == nil && err == nil {
			err = errors.New("DialContext returned neither a connection nor an error")
		}
		return c, err
	}
}

// dial begins a client's next generation.
func (c *client) dial(order heal.Action) {
	p := c.fleet
	d := &dial{
		client: c, gen: order.Gen, before: c.before(), ended: new(gate), fresh: order.Fresh,
		to: &(*p.spots.Load())[order.Endpoint], place: order.Endpoint,
	}
	c.ended = d.ended
	d.bound.limit(p.options.Policy.HandshakeTimeout) // a fleet that closes ends it by heal's order
	c.dialed, c.attempt = order.Gen, d
	c.shard.dials.Add(1)
	p.work.Add(1)
	p.begin(job{dial: d})
}

// dial is one attempt under way, on a goroutine that does nothing else meanwhile.
type dial struct {
	client *client
	gen    uint32
	to     *spot
	place  uint8 // the index of to
	fresh  bool  // the credentials that were rejected must be replaced first
	before *gate // what came before has ended; nil: it need not have
	ended  *gate // to be opened when the generation is over
	bound  bound // from the order to the 101
}

// attempt is the dial as those see it who provide for it.
func (d *dial) attempt() Attempt {
	return Attempt{Client: d.client.id, Gen: d.gen, Endpoint: d.to.Endpoint}
}

// do is the whole of the attempt.
func (d *dial) do() {
	defer d.client.fleet.work.Done()
	defer d.bound.cancel()
	d.run(&d.bound)
}

// run dials once whatever came before has ended, so that a client never has two
// connections nor two dials, save for a move, and tells the shard what came of it. What
// waits is deep below it, thousands of times at once, so its frame is kept small.
func (d *dial) run(ctx context.Context) {
	if d.before != nil && !d.awaited(ctx) {
		return
	}
	if w, took, err := d.open(ctx); err == nil {
		d.opened(w, took)
	} else {
		d.ended.open()
		d.failed(err, took)
	}
}

// awaited waits until what came before has ended; false: there is no time left to dial.
func (d *dial) awaited(ctx context.Context) bool {
	ended := d.before.wait()
	select {
	case <-ended:
		return true
	case <-ctx.Done():
	}
	d.failed(&wire.Error{URL: d.to.URL, Cause: heal.Timeout, Err: ctx.Err()}, 0)
	<-ended
	d.ended.open()
	return false
}

// open dials; took is how long that took, what was to be had before it left out.
func (d *dial) open(ctx context.Context) (w *wire.Conn, took time.Duration, err error) {
	header, err := d.header(ctx)
	if err != nil {
		return nil, 0, &wire.Error{URL: d.to.URL, Cause: heal.Credentials, Err: err}
	}
	p := d.client.fleet
	begun := p.now()
	r := wire.Request{URL: d.to.URL, Address: d.to.addr, Header: header}
	if own := d.to.Own; own != nil {
		r.TLS, r.Subprotocols = own.TLS, own.Subprotocols
	}
	if through := p.options.Through; through != nil {
		r.Through = func(raw net.Conn) net.Conn { return through(d.attempt(), raw) }
	}
	w, err = p.dialer.Dial(ctx, r)
	return w, p.now().Sub(begun), err
}

// opened tells the shard of a connection.
func (d *dial) opened(w *wire.Conn, took time.Duration) {
	c := d.client
	k := newConn(c, d.gen, w, d.ended)
	k.place = d.place
	c.fleet.work.Add(1) // for the connection; its end, or its refusal, takes it back
	c.shard.post(mail{client: c, conn: k, took: took, event: heal.Event{Kind: heal.Opened, Gen: d.gen}})
}

// failed tells the shard of a failure.
func (d *dial) failed(err error, took time.Duration) {
	m := mail{client: d.client, err: err, took: took, event: heal.Event{Kind: heal.Failed, Gen: d.gen, Cause: heal.Unknown}}
	var why *wire.Error
	if errors.As(err, &why) {
		m.event.Cause, m.event.Code, m.event.RetryAfter = why.Cause, why.Code, why.RetryAfter
	}
	d.client.fleet.judge(m, End{Endpoint: d.to.Endpoint})
}
