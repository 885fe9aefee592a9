package driver

import (
	"context"
	"errors"

	"github.com/gobwas/ws"

	"github.com/wsheal/wsheal/pool/heal"
)

// ErrOver is the error of an Exchange that is used after Options.Validate has returned, or
// whose connection has ended.
var ErrOver = errors.New("fleet: the exchange is over")

// ErrNoProof is what Options.Validate returns of a new connection against which it has
// nothing to say, but of which it has seen nothing either: the proof is then a pong, or any
// message, as it is without Validate. Of a connection that is checked again it is a pass.
var ErrNoProof = errors.New("fleet: nothing was proved")

// Exchange is a conversation over one connection beside its data: a hello after the
// handshake, or a check later on. It is valid until Options.Validate returns.
//
// While it lasts, what arrives on the connection waits for it, in order: everything that
// Receive does not return is delivered as soon as Receive has passed it by, and the rest
// when the exchange is over.
type Exchange interface {
	Client() int
	Gen() uint32
	Endpoint() Endpoint
	Subprotocol() string
	First() bool // the connection has just been opened; false: it is checked again
	// Send sends a message ahead of everything that is queued, and returns when the kernel
	// has it. No event tells of it.
	Send(ctx context.Context, m Message) error
	// Receive returns the next message for which match is true, which is then not
	// delivered; with match nil, the next of all.
	Receive(ctx context.Context, match func(payload []byte) bool) ([]byte, error)
}

// exchange is an Exchange under way.
type exchange struct {
	conn   *conn
	first  bool
	ctx    context.Context // of all of it; ends with the connection
	cancel context.CancelFunc

	// Guarded by the client's mutex.
	box
	ahead   []*ahead      // messages to send before those of the outbox
	news    chan struct{} // closed when something arrives; nil: nobody waits
	excused bool          // it could not be answered, for the connection was not read
	last    bool          // nothing more arrives on the connection
}

// ahead is a message that goes before the queue.
type ahead struct {
	message Message
	done    chan struct{} // closed when the kernel has it
}

// begin has a new connection validated, if anybody has anything to say to it.
func (c *client) begin(k *conn) {
	switch o := &c.fleet.options; {
	case o.Validate == nil:
	case o.Moot != nil && o.Moot(c.id):
		c.mu.Lock()
		k.trusted = true
		c.mu.Unlock()
	default:
		c.validate(k, true)
	}
}

// validate begins an exchange over k, and tells the shard what came of it. Of a connection
// whose reader waits for room there is no question whether it lives, and no answer to be
// had: it passes.
func (c *client) validate(k *conn, first bool) {
	p := c.fleet
	ctx, cancel := context.WithTimeout(context.Background(), p.options.Policy.ProveTimeout)
	x := &exchange{conn: k, first: first, ctx: ctx, cancel: cancel}
	c.mu.Lock()
	switch {
	case k.over || k.exchange != nil:
		c.mu.Unlock()
		cancel()
		return
	case k.held.Load() != nil:
		c.mu.Unlock()
		cancel()
		c.shard.post(mail{client: c, conn: k, event: heal.Event{Kind: heal.Checked, Gen: k.gen}})
		return
	}
	k.exchange = x
	k.exchanging.Store(true)
	c.mu.Unlock()
	p.users.Add(1)
	go func() {
		defer p.users.Done()
		x.end(p.options.Validate(ctx, x))
	}()
}

// end tells what came of the exchange, and delivers what it has not taken.
func (x *exchange) end(err error) {
	k, c := x.conn, x.conn.client
	ended := x.ctx.Err()
	x.cancel()
	m := mail{client: c, conn: k, event: heal.Event{Kind: heal.Disproved, Gen: k.gen}}
	c.mu.Lock()
	excused := x.excused && !k.over
	passed := err == nil || errors.Is(err, ErrNoProof) || excused && ended != nil
	told := ended == nil || excused // else the time is over, or the connection, and heal knows
	switch {
	case !passed:
		m.err = err
	case x.first:
		k.trusted, k.exchanged = true, k.exchanged || err == nil
		told = told && k.exchanged // else what comes back tells
		m.event.Kind, m.event.RTT = heal.Proved, k.control.rtt
	default:
		m.event.Kind = heal.Checked
	}
	c.mu.Unlock()
	if told {
		c.shard.post(m)
	}
	c.mu.Lock()
	k.exchange = nil
	for _, p := range x.queue {
		c.pass(p)
	}
	x.queue, x.bytes = nil, 0
	k.exchanging.Store(false)
	c.wake()
	last := x.last
	c.mu.Unlock()
	if last {
		k.silence()
	}
}

// pass delivers a message that was not for the exchange, whether there is room or not: it
// has had room once. The mutex must be held.
func (c *client) pass(p parcel) {
	if c.fleet.options.Receive == nil {
		return
	}
	c.intake().put(p)
	c.rouse()
}

// arrived tells who waits that there is something. The mutex must be held.
func (x *exchange) arrived() {
	if x.news != nil {
		close(x.news)
		x.news = nil
	}
}

func (x *exchange) Client() int         { return x.conn.client.id }
func (x *exchange) Gen() uint32         { return x.conn.gen }
func (x *exchange) Endpoint() Endpoint  { return x.conn.endpoint() }
func (x *exchange) Subprotocol() string { return x.conn.wire.Subprotocol() }
func (x *exchange) First() bool         { return x.first }

func (x *exchange) Send(ctx context.Context, m Message) error {
	k, c := x.conn, x.conn.client
	if err := c.fleet.options.sound(&m); err != nil {
		return err
	}
	a := &ahead{message: m.own(), done: make(chan struct{})}
	c.mu.Lock()
	if k.exchange != x || x.ctx.Err() != nil || k.control.said {
		c.mu.Unlock()
		return ErrOver
	}
	x.ahead = append(x.ahead, a)
	k.kick()
	c.mu.Unlock()
	return x.wait(ctx, a.done)
}

func (x *exchange) Receive(ctx context.Context, match func(payload []byte) bool) ([]byte, error) {
	c := x.conn.client
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		c.mu.Lock()
		switch {
		case x.conn.exchange != x:
			c.mu.Unlock()
			return nil, ErrOver
		case len(x.queue) == 0:
			if x.news == nil {
				x.news = make(chan struct{})
			}
			news := x.news
			c.mu.Unlock()
			if err := x.wait(ctx, news); err != nil {
				return nil, err
			}
			continue
		}
		p := x.pop()
		c.wake()
		c.mu.Unlock()
		if match == nil || match(p.payload) {
			return p.payload, nil
		}
		c.mu.Lock()
		c.pass(p)
		c.mu.Unlock()
	}
}

// wait waits for done, for the end of the exchange, or for that of ctx.
func (x *exchange) wait(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	default:
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-x.ctx.Done():
		if errors.Is(x.ctx.Err(), context.DeadlineExceeded) {
			return context.DeadlineExceeded
		}
		return ErrOver
	}
}

// op is a message's opcode.
func (o *Options) op(text bool) ws.OpCode {
	if text || o.Text {
		return ws.OpText
	}
	return ws.OpBinary
}
