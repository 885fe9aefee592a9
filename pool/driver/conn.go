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
)

// closeWait bounds how long a connection is kept for its closing handshake, ours or
// the peer's: RFC 6455 7.1.1 leaves it to the server to close the TCP connection.
const closeWait = time.Second

// conn is one connection of a client. One goroutine reads it for all its life; a
// second one writes while there is something to write.
//
//	client ◀── deliver ◀── decoder ◀── intake ◀─────────── socket
//	   │                      │ ping, close                   ▲
//	   └──▶ outbox ──┐        ▼                               │
//	                 └──▶ flush ◀── control        one Write ─┘
type conn struct {
	client  *client
	gen     uint32
	nc      net.Conn
	decoder decoder
	inbound atomic.Int64                  // heal.Instant of the last arrival; 0 before the first
	pinged  atomic.Bool                   // a ping was ordered and nothing has answered yet
	killed  atomic.Bool                   // kill was called
	held    atomic.Pointer[chan struct{}] // the reader waits for room in the inbox
	ended   chan struct{}                 // closed when the next dial need not wait for this connection any more
	writers sync.WaitGroup

	// Of the shard's goroutine alone.
	older     *conn // another connection of the client that is not over yet
	condemned bool  // it was killed or shut: the next dial waits until it has ended

	// Guarded by the client's mutex.
	control  control
	cut      cut         // the message whose fragments are being written
	cutting  bool        // there is one
	carries  int         // messages that wait for their end, or their answer, here
	flushing bool        // a flusher is at work, or was the last
	deaf     bool        // no new message may go out any more
	dead     bool        // nothing may go out any more
	why      *ending     // why we ended it, if we did
	linger   *time.Timer // ends a closing handshake
}

func newConn(c *client, gen uint32, a answer, ended chan struct{}) *conn {
	k := &conn{client: c, gen: gen, nc: a.conn, ended: ended}
	o := &c.fleet.options
	k.decoder = decoder{in: newIntake(a.conn, a.ahead, o.Epoch, &k.inbound), max: o.MaxMessage}
	return k
}

// ending is why a connection is over.
type ending struct {
	cause heal.Cause
	code  uint16
	err   error
	said  bool // by a close frame of the peer: all that may follow is the end of the stream
}

// read is the connection's goroutine: it receives until the end, waits for the
// writer, and tells the shard.
func (k *conn) read() {
	c := k.client
	defer c.fleet.work.Done()
	end := k.receive()
	if !end.said {
		k.kill()
	}
	c.mu.Lock()
	k.stop()
	k.dead = k.dead || !end.said
	c.mu.Unlock()
	k.writers.Wait() // the closing frame among them, bounded by the linger timer
	end = k.witnessed(end)
	k.release()
	close(k.ended)
	c.shard.post(mail{client: c, conn: k, err: end.err, event: heal.Event{
		Kind: heal.Lost, Gen: k.gen, Cause: end.cause, Code: end.code,
	}})
	if end.said {
		k.drain()
		k.kill()
	}
	c.mu.Lock()
	k.dead = true
	if k.linger != nil {
		k.linger.Stop()
	}
	c.mu.Unlock()
	k.decoder.release()
	c.shard.post(mail{client: c, conn: k, order: over})
}

// receive handles what arrives until the connection is over.
func (k *conn) receive() ending {
	exchanged := false
	for {
		f, err := k.decoder.next()
		if err != nil {
			return k.over(err)
		}
		switch f.op {
		case ws.OpPing:
			k.pong(f.payload)
		case ws.OpClose:
			code, err := parseClose(f.payload)
			if err != nil {
				return k.over(err)
			}
			k.shut(code)
			return ending{cause: heal.CloseFrame, code: code, said: true}
		case ws.OpPong:
			if k.pinged.Swap(false) || !exchanged {
				k.proved()
			}
			exchanged = true
		default:
			if !exchanged {
				k.proved()
			}
			exchanged = true
			if !k.deliver(f) {
				return k.over(net.ErrClosed)
			}
		}
	}
}

// proved reports a validated exchange: the first of the connection, and the answer to
// each ping.
func (k *conn) proved() {
	k.client.shard.post(mail{client: k.client, conn: k, event: heal.Event{Kind: heal.Proved, Gen: k.gen}})
}

// deliver passes a data message on; false: the connection is over.
func (k *conn) deliver(f frame) bool {
	c, o := k.client, &k.client.fleet.options
	ev := Event{Kind: Received, At: heal.Instant(k.inbound.Load()), Client: c.id, Gen: k.gen, Payload: f.payload}
	if o.Ack != nil {
		if seq, ok := o.Ack(c.id, f.payload); ok {
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
	return o.Receive == nil || k.hand(parcel{gen: k.gen, text: f.op == ws.OpText, payload: bytes.Clone(f.payload)})
}

// over tells what a read error means. A violation is answered with a close frame. An
// error that is only the echo of our own closing yields to the one that made us close.
func (k *conn) over(err error) ending {
	var v *violation
	if errors.As(err, &v) {
		k.shut(v.code)
		k.drain()
		return ending{cause: heal.Protocol, code: v.code, err: err}
	}
	k.client.mu.Lock()
	defer k.client.mu.Unlock()
	if k.why != nil && errors.Is(err, net.ErrClosed) {
		return *k.why
	}
	return ending{cause: lossCause(err, false), err: err}
}

// witnessed corrects an end of stream that was a reset: the kernel tells of a RST once, to
// whichever of reader and writer asks it first, and answers the other with the end of
// the stream. The writer must have ended.
func (k *conn) witnessed(end ending) ending {
	if end.cause == heal.EOF && k.why != nil && errors.Is(k.why.err, syscall.ECONNRESET) {
		return *k.why
	}
	return end
}

// drain reads until the peer closes, or the linger timer does. Bytes left unread would
// turn our close into a reset, and the close frame might never be read.
func (k *conn) drain() {
	buf := lent.Get().(*[lentBuffer]byte)
	defer lent.Put(buf)
	for {
		if _, err := k.nc.Read(buf[:]); err != nil {
			return
		}
	}
}

// kill closes the raw connection, which ends reader and writer at once. It may be
// called from any goroutine, again and again.
func (k *conn) kill() {
	k.killed.Store(true)
	_ = k.nc.Close()
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
	if k.why == nil {
		k.why = &e
	}
}

// condemn kills a connection whose generation is over for heal.
func (k *conn) condemn() {
	k.condemned = true
	k.client.mu.Lock()
	k.stop()
	k.client.mu.Unlock()
	k.kill()
}

// refuse ends a connection that nobody wants any more, before it was read.
func (k *conn) refuse() {
	k.kill()
	k.decoder.release()
	close(k.ended)
	k.client.fleet.work.Done()
}

// shut sends a close frame, after which nothing is sent, and bounds the rest of the
// closing handshake. 1005 sends a frame without a code.
func (k *conn) shut(code uint16) {
	k.client.mu.Lock()
	defer k.client.mu.Unlock()
	k.stop()
	if k.control.goodbye(code) {
		k.kick()
	}
	k.endWithin(closeWait)
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

// ping sends a ping; its payload is the number of pings so far.
func (k *conn) ping() {
	k.pinged.Store(true)
	k.client.mu.Lock()
	defer k.client.mu.Unlock()
	k.control.pings++
	k.control.ping = true
	k.kick()
}

// pong answers a ping. Only the latest unanswered one is (RFC 6455 5.5.3).
func (k *conn) pong(payload []byte) {
	k.client.mu.Lock()
	defer k.client.mu.Unlock()
	k.control.pong = append(k.control.pong[:0], payload...)
	k.control.ponging = true
	k.kick()
}

// control is what is to be sent before all data: at most one frame of each kind.
type control struct {
	pong    []byte
	ponging bool
	ping    bool
	pings   uint32
	bye     bool // a close frame with code is due
	code    uint16
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

// take appends what is due.
func (x *control) take(buf []byte) []byte {
	if x.said && !x.bye {
		return buf
	}
	if x.ponging {
		buf = appendFrame(buf, ws.OpPong, true, x.pong)
	}
	if x.ping {
		buf = appendFrame(buf, ws.OpPing, true, binary.BigEndian.AppendUint32(nil, x.pings))
	}
	if x.bye {
		var code []byte
		if x.code != 1005 {
			code = binary.BigEndian.AppendUint16(nil, x.code)
		}
		buf = appendFrame(buf, ws.OpClose, true, code)
	}
	x.ponging, x.ping, x.bye = false, false, false
	return buf
}
