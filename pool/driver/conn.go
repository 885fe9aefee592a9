package driver

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gobwas/ws"

	"github.com/wsheal/wsheal/pool/heal"
	"github.com/wsheal/wsheal/pool/wire"
)

// closeWait bounds how long a connection is kept for its closing handshake, ours or
// the peer's: RFC 6455 7.1.1 leaves it to the server to close the TCP connection.
const closeWait = time.Second

// conn is one connection of a client. It is read for all its life; it is written, by one
// goroutine at a time, while there is something to write.
//
//	client ◀── deliver ◀── take ◀──────── wire.Serve ◀──── socket
//	   │                     │ ping, close                   ▲
//	   └──▶ outbox ──┐       ▼                               │
//	                 └──▶ flush ◀── control      wire.Write ─┘
type conn struct {
	client     *client
	wire       *wire.Conn
	gen        uint32
	killed     atomic.Bool                   // kill was called
	held       atomic.Pointer[chan struct{}] // the reader waits for room in the inbox
	exchanging atomic.Bool                   // exchange is not nil
	ended      *gate                         // open when the next dial need not wait for this connection any more
	writers    sync.WaitGroup
	place      uint8 // index of the endpoint that it leads to
	spoke      bool  // of the reader's goroutine alone: a message has come

	began   atomic.Int64 // heal.Instant at which the write under way began; 0: none is
	drained atomic.Int64 // heal.Instant of the last progress of a write that had had to wait

	// Of the shard's goroutine alone.
	older     *conn        // another connection of the client that is not over yet
	condemned bool         // it was killed or shut: the next dial waits until it has ended
	seat      seat         // shared: what the crowd knows of it
	farewell  uint16       // draining: the code to end it with
	until     heal.Instant // draining: when it is ended at the latest

	// Guarded by the client's mutex.
	control   control
	exchange  *exchange   // that is going on; nil: none is
	trusted   bool        // whatever comes back is a validated exchange
	exchanged bool        // something came back
	ours      bool        // its end was ordered
	over      bool        // its end has been told
	flushing  bool        // somebody writes, or was the last to
	deaf      bool        // no new message may go out any more
	dead      bool        // nothing may go out any more
	cut       *cut        // the message whose fragments are being written; nil: there is none
	carries   int         // messages that wait for their end, or their answer, here
	reason    *ending     // why we ended it, if we did
	linger    *time.Timer // ends a closing handshake
}

func newConn(c *client, gen uint32, w *wire.Conn, ended *gate) *conn {
	return &conn{client: c, gen: gen, wire: w, ended: ended, trusted: c.fleet.options.Validate == nil}
}

// endpoint is where the connection leads.
func (k *conn) endpoint() Endpoint { return k.client.fleet.spot(k.place).Endpoint }

// ending is why a connection is over.
type ending struct {
	cause  heal.Cause
	code   uint16
	reason string
	err    error
	said   bool // by a close frame, of the peer or ours: all that may follow is the end of the stream
}

// take is what the connection's reader does with a frame, or with the connection's end;
// false: it was the last.
func (k *conn) take(f wire.Frame, err error) bool {
	switch {
	case err != nil:
		k.finish(k.why(err))
		return false
	case f.Op == ws.OpPing:
		k.pong(f.Payload)
	case f.Op == ws.OpClose:
		k.shut(f.Code)
		k.finish(ending{cause: heal.CloseFrame, code: f.Code, reason: string(f.Payload), said: true})
		return false
	case f.Op == ws.OpPong:
		k.ponged(f.Payload)
	default:
		if !k.spoke && k.first() {
			k.proved(0)
		}
		if !k.deliver(f) {
			k.finish(k.why(net.ErrClosed))
			return false
		}
	}
	return true
}

// finish ends the connection: it waits for the writer, tells the shard, and sees the
// closing handshake through.
func (k *conn) finish(end ending) {
	c := k.client
	defer c.fleet.work.Done()
	if !end.said {
		k.kill()
	}
	c.mu.Lock()
	k.stop()
	k.dead = k.dead || !end.said
	k.over = true
	ours := k.ours
	if k.exchange != nil {
		k.exchange.cancel()
	}
	c.mu.Unlock()
	k.writers.Wait() // the closing frame among them, bounded by the linger timer
	end = k.witnessed(end)
	k.release()
	k.silence()
	k.ended.open()
	m := mail{client: c, conn: k, err: end.err, event: heal.Event{
		Kind: heal.Lost, Gen: k.gen, Cause: end.cause, Code: end.code,
	}}
	if ours { // nobody will ask what follows from it
		c.shard.post(m)
	} else {
		c.fleet.judge(m, End{Endpoint: k.endpoint(), Opened: true, Reason: end.reason})
	}
	if end.said {
		k.wire.Discard()
		k.kill()
	}
	c.mu.Lock()
	k.dead = true
	if k.linger != nil {
		k.linger.Stop()
	}
	c.mu.Unlock()
	c.shard.post(mail{client: c, conn: k, order: over})
}

// first tells whether this is the first that comes back on a connection of which that is
// enough to say.
func (k *conn) first() bool {
	k.client.mu.Lock()
	defer k.client.mu.Unlock()
	first := k.trusted && !k.exchanged
	k.exchanged, k.spoke = true, true
	return first
}

// proved reports a validated exchange: the first of the connection, and the answer to
// each ping, which took rtt; 0: that was not measured.
func (k *conn) proved(rtt time.Duration) {
	k.client.shard.post(mail{client: k.client, conn: k, event: heal.Event{Kind: heal.Proved, Gen: k.gen, RTT: rtt}})
}

// deliver passes a data message on; false: the connection is over.
func (k *conn) deliver(f wire.Frame) bool {
	c, o := k.client, &k.client.fleet.options
	if o.Heard == nil || o.Ack != nil {
		k.observe(f)
	} else {
		o.Heard(c.id, k.gen, f.Payload)
	}
	if o.Receive == nil && o.Validate == nil {
		return true
	}
	return k.hand(parcel{gen: k.gen, text: f.Op == ws.OpText, payload: bytes.Clone(f.Payload)})
}

// observe tells of a data message, and of what it acknowledges.
func (k *conn) observe(f wire.Frame) {
	c, o := k.client, &k.client.fleet.options
	ev := Event{Kind: Received, At: k.wire.Inbound(), Client: c.id, Gen: k.gen, Payload: f.Payload}
	if o.Ack != nil {
		if seq, ok := o.Ack(c.id, f.Payload); ok {
			ev.Seq = seq
			if o.Guarantee == AtLeastOnce {
				ev.Ref, ev.Acked = c.acknowledge(seq)
				ev.Again = !ev.Acked
			}
		}
	}
	o.Observe(ev)
	if ev.Acked {
		o.Observe(Event{Kind: Acked, At: ev.At, Client: c.id, Gen: k.gen, Seq: ev.Seq, Ref: ev.Ref})
	}
}

// why tells what the end of reading means. A violation is answered with a close frame. An
// error that is only the echo of our own closing yields to the one that made us close.
func (k *conn) why(err error) ending {
	end := ending{err: err}
	end.cause, end.code = wire.Cause(err, false)
	var v *wire.Violation
	if errors.As(err, &v) {
		k.shut(v.Code)
		end.said = true
		return end
	}
	k.client.mu.Lock()
	defer k.client.mu.Unlock()
	if k.reason != nil && errors.Is(err, net.ErrClosed) {
		return *k.reason
	}
	return end
}

// witnessed corrects an end of stream that was a reset: the kernel tells of a RST once, to
// whichever of reader and writer asks it first, and answers the other with the end of
// the stream. The writer must have ended.
func (k *conn) witnessed(end ending) ending {
	if end.cause == heal.EOF && k.reason != nil && errors.Is(k.reason.err, syscall.ECONNRESET) {
		return *k.reason
	}
	return end
}

// kill closes the raw connection, which ends reader and writer at once. It may be
// called from any goroutine, again and again.
func (k *conn) kill() {
	k.killed.Store(true)
	k.wire.Kill()
	k.unhold()
}

// end kills the connection for a reason of our own. The client's mutex must be held.
func (k *conn) end(e ending) {
	k.stop()
	k.because(e)
	k.kill()
}

// because remembers the first reason of our own. The client's mutex must be held.
func (k *conn) because(e ending) {
	if k.reason == nil {
		k.reason = &e
	}
}

// condemn makes a connection one whose generation is over for heal.
func (k *conn) condemn() {
	k.condemned = true
	k.client.mu.Lock()
	defer k.client.mu.Unlock()
	if k.client.live == k { // heal knows why, and asks for no window
		k.client.window.Store(0)
	}
	k.ours = true
	k.stop()
}

// refuse ends a connection that nobody wants any more, before it was read.
func (k *conn) refuse() {
	k.kill()
	k.ended.open()
	k.client.fleet.work.Done()
}

// shut sends a close frame, after which nothing is sent, and bounds the rest of the
// closing handshake. 1005 sends a frame without a code.
func (k *conn) shut(code uint16) {
	k.client.mu.Lock()
	k.stop()
	k.endWithin(closeWait)
	if k.control.goodbye(code) {
		k.unlock()
	} else {
		k.client.mu.Unlock()
	}
}

// stop ends the connection's use for new messages. The client's mutex must be held.
func (k *conn) stop() {
	k.deaf = true
	if k.client.live == k {
		k.client.live = nil
	}
}

// endWithin kills the connection after d, unless it has ended by then. The client's
// mutex must be held.
func (k *conn) endWithin(d time.Duration) {
	if k.linger == nil && !k.dead {
		k.linger = time.AfterFunc(d, k.kill)
	}
}

// ping sends a ping; its payload is the number of pings so far. Who is pinged is idle.
func (k *conn) ping() {
	k.client.mu.Lock()
	k.client.outbox.rest()
	k.control.pings++
	k.control.ping, k.control.open, k.control.handed, k.control.behind = true, true, 0, 0
	k.unlock()
}

// unlock releases the client's mutex and writes at once what is due, without waiting,
// unless somebody else writes.
func (k *conn) unlock() {
	b := k.write()
	k.client.mu.Unlock()
	if b != nil {
		k.push(b)
	}
}

// ponged takes a pong. One that answers the newest ping tells how long that took; any
// other still tells that something came back, once.
func (k *conn) ponged(payload []byte) {
	c := k.client
	c.mu.Lock()
	x := &k.control
	var rtt time.Duration
	if x.handed > 0 && len(payload) == 4 && binary.BigEndian.Uint32(payload) == x.pings {
		rtt = max(k.wire.Inbound().Sub(x.handed), 1)
		x.rtt = rtt
	}
	told := k.trusted && (x.open || !k.exchanged)
	x.open, k.exchanged = false, true
	c.mu.Unlock()
	if told {
		k.proved(rtt)
	}
}

// pong answers a ping. Only the latest unanswered one is (RFC 6455 5.5.3).
func (k *conn) pong(payload []byte) {
	k.client.mu.Lock()
	k.control.pong = append(k.control.pong[:0], payload...)
	k.control.ponging = true
	k.unlock()
}

// control is what is to be sent before all data, at most one frame of each kind, and what
// became of our pings.
type control struct {
	pong    []byte
	handed  heal.Instant  // when the newest ping was in the kernel's hands; 0: it is not yet
	behind  uint64        // what wire.Conn.Behind said then
	rtt     time.Duration // of the last pong that answered the newest ping; 0: none has
	pings   uint32
	code    uint16
	ponging bool
	ping    bool
	open    bool // no pong has come since a ping was ordered
	bye     bool // a close frame with code is due
	said    bool // a close frame was taken, or is due: nothing may follow it
}

// goodbye puts a close frame in, once.
func (x *control) goodbye(code uint16) bool {
	if x.said {
		return false
	}
	x.bye, x.said, x.code = true, true, code
	return true
}

// due tells whether there is anything for take.
func (x *control) due() bool { return x.bye || !x.said && (x.ponging || x.ping) }

// take appends what is due to a batch.
func (x *control) take(b *batch, w *wire.Conn) {
	if x.said && !x.bye {
		return
	}
	if x.ponging {
		b.bytes = w.AppendFrame(b.bytes, ws.OpPong, x.pong)
	}
	if x.ping {
		b.bytes = w.AppendFrame(b.bytes, ws.OpPing, binary.BigEndian.AppendUint32(nil, x.pings))
		b.ping, b.pinged = x.pings, len(b.bytes)
	}
	if x.bye {
		var code []byte
		if x.code != 1005 {
			code = binary.BigEndian.AppendUint16(nil, x.code)
		}
		b.bytes = w.AppendFrame(b.bytes, ws.OpClose, code)
	}
	x.ponging, x.ping, x.bye = false, false, false
}
