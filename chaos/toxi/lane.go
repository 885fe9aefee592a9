package toxi

import (
	"slices"
	"sync"
	"time"

	"github.com/Shopify/toxiproxy/v2/stream"

	"github.com/wsheal/wsheal/chaos"
)

// What a lane keeps before it stops reading, so that TCP pushes back on the sender.
const (
	holdLimit  = 64 << 10 // bytes, while something holds it
	delayLimit = 1 << 20  // bytes on their way, while nothing does
)

// lane is one direction of one connection: the queue between the tap, which fills and
// empties it, and what is in force. Its lock is never held across anything that waits.
type lane struct {
	conn *conn
	way  chaos.Direction // Up or Down
	out  *sink
	wake chan struct{} // of capacity 1: look again

	mu    sync.Mutex
	moved *sync.Cond // what a parked sink waits for

	seen  *[]*order // the list from which plan was made
	stage stage     // and what was known then
	plan  plan

	frames  frames      // where in them the bytes are that came in last
	claimed claimed     // to whom belongs what is unfinished
	waiting []insertion // frames of ours, for an edge at which they may stand

	queue []item // in order; the end of stream is the last
	head  int    // index of the first
	bytes int    // in the queue
	ended bool   // the end of stream is in the queue or gone on
	count uint64 // chunks that came in: the key of the jitter

	handed, pushed uint64 // chunks that the link was given, and that it brought

	offered  bool          // the first item is being handed to the sink
	inflight int           // bytes and ends handed over or offered, and not yet written
	parked   bool          // the sink was stopped in a write and keeps the rest
	closed   bool          // the sink has ended
	shut     bool          // an order ended the stream: nothing more goes on, and the sink leaves the socket open
	barred   bool          // its sockets are being closed with a RST: nothing more goes on
	behind   item          // what an order wants done behind the chunk that is being shaped
	quiet    chan struct{} // closed when nothing is in flight or the sink is parked; nil: nobody waits

	noted    map[*order]struct{} // orders whose act on this lane has been noted
	refused  []*order            // orders whose deed came too late: the connection is ending already
	memories map[*order]any      // what rules remember of this lane
}

func newLane(c *conn, way chaos.Direction) *lane {
	l := &lane{conn: c, way: way, wake: make(chan struct{}, 1)}
	l.moved = sync.NewCond(&l.mu)
	return l
}

// poke makes the tap look again. It never blocks.
func (l *lane) poke() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// refresh brings the plan up to date with the orders and the identity. l.mu is held.
func (l *lane) refresh() {
	list, at := l.conn.proxy.orders.Load(), l.conn.stage()
	if list == l.seen && at == l.stage {
		return
	}
	l.seen, l.stage, l.plan = list, at, plan{}
	who := l.conn.who.Load()
	for _, o := range *list {
		if _, past := o.rule.(doorman); past || o.cleared.Load() != 0 || o.share <= 0 || !o.covers(l.conn) {
			continue
		}
		if at == nobody {
			if h, ok := o.rule.(holder); ok && o.way.Covers(l.way) {
				bytes, ends := h.holds()
				l.plan.hold, l.plan.holdEnds = l.plan.hold || bytes, l.plan.holdEnds || ends
			}
			continue
		}
		if !o.has(who.client) {
			continue
		}
		if _, ok := o.rule.(framewise); ok && at < bridged {
			l.blind(o)
			continue
		}
		o.target(who.client)
		if o.way.Covers(l.way) {
			l.plan.add(o)
		}
	}
	if l.conn.proxy.deaf {
		l.plan = plan{}
	}
	for i := l.head; i < len(l.queue); i++ {
		if i > l.head || !l.offered { // it may have gone on; if not it is counted as it is taken back
			l.countHeld(&l.queue[i])
		}
	}
}

// countHeld notes an item with every order that holds it. l.mu is held.
func (l *lane) countHeld(it *item) {
	for _, o := range l.plan.holders {
		bytes, ends := o.rule.(holder).holds()
		if it.do != nothing || it.chunk == nil && !ends || it.chunk != nil && !bytes || slices.Contains(it.held, o) {
			continue
		}
		it.held = append(it.held, o)
		l.noteHeld(o, size(it.chunk))
	}
}

// noteHeld counts one thing held, of n bytes. l.mu is held.
func (l *lane) noteHeld(o *order, n int) {
	if !l.conn.isCanary() {
		o.heldChunks.Add(1)
		o.heldBytes.Add(int64(n))
	}
	l.note(o)
}

// note remembers that an order acted here; on whom is asked only once. l.mu is held.
func (l *lane) note(o *order) {
	now := l.conn.proxy.clock()
	if _, ok := l.noted[o]; ok {
		o.acted(now)
		return
	}
	if o.cleared.Load() == 0 { // else nobody would drop it
		if l.noted == nil {
			l.noted = map[*order]struct{}{}
		}
		l.noted[o] = struct{}{}
	}
	if who := l.conn.who.Load(); who != nil {
		o.act(who.client, now)
	}
}

// push takes what came from the link: a chunk, or nil at the end of stream. It returns
// what is to become of the connection because of it, and the order that wants it.
func (l *lane) push(c *stream.StreamChunk) (deed, *order) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c != nil {
		l.pushed++
	}
	if g := l.conn.ghost.Load(); g != nil {
		return l.swallow(c, g)
	}
	l.conn.read(l.way, c)
	var head int
	if c != nil {
		head = l.readHead(c.Data)
	}
	l.refresh()
	if c == nil {
		if l.way == chaos.Up {
			l.conn.endedBy("client", l.conn.client.broken.Load(), l.conn.proxy.clock())
		}
		l.ended = true
		l.enqueue(item{came: time.Now()})
		return nothing, nil
	}
	for _, o := range l.plan.breakers {
		if do := o.rule.(breaker).breaks(o, l, c.Data); do != nothing {
			return do, o
		}
	}
	l.weave(c, head)
	if l.frames.said.closing {
		l.conn.seen.closing(l.way)
	}
	return nothing, nil
}

// enter puts an item into the queue, in the shape that shapers give it. l.mu is held.
func (l *lane) enter(it item) {
	if it.chunk == nil || len(l.plan.shapers) == 0 {
		l.enqueue(it)
		return
	}
	pieces := [][]byte{it.chunk.Data}
	for _, o := range l.plan.shapers {
		var shaped [][]byte
		for _, piece := range pieces {
			shaped = append(shaped, o.rule.(shaper).shape(o, l, piece)...)
		}
		pieces = shaped
	}
	for i, piece := range pieces {
		part := it
		part.chunk = &stream.StreamChunk{Data: piece, Timestamp: it.chunk.Timestamp}
		if i > 0 {
			part.delays, part.until = nil, nil // the first waits for all
		}
		if i < len(pieces)-1 {
			part.counts = "" // it has gone on when the last has
		}
		l.enqueue(part)
	}
	if l.behind.do != nothing {
		l.behind.came = it.came
		l.enqueue(l.behind)
		l.behind = item{}
	}
}

// then is for shapers: something is to become of the connection once what the shaper
// returns, and all before it, has been written.
func (l *lane) then(do deed, o *order) { l.behind = item{do: do, by: o} }

// enqueue puts an item behind all others. l.mu is held.
func (l *lane) enqueue(it item) {
	l.bytes += size(it.chunk)
	if l.conn.who.Load() != nil {
		for _, o := range l.plan.delays {
			if d := o.rule.(delayer).delay(o, l, l.count, it.chunk == nil && it.do == nothing); d > 0 {
				it.delays = append(it.delays, delay{o, d})
			}
		}
	}
	l.count++
	l.countHeld(&it)
	l.queue = append(l.queue, it)
}

// withdraw takes back what was offered and not received. l.mu is held.
func (l *lane) withdraw() {
	if l.offered {
		l.offered = false
		l.landed(len(l.queue[l.head].chunk.Data))
		l.countHeld(&l.queue[l.head])
	}
}

// landed counts n bytes or ends as no longer in flight. l.mu is held.
func (l *lane) landed(n int) {
	l.inflight -= n
	if l.inflight > 0 {
		return
	}
	l.settle()
	if l.head < len(l.queue) && (l.queue[l.head].do != nothing || l.queue[l.head].counts != "") {
		l.poke()
	}
}

// settle tells whoever arms that nothing is in flight here. l.mu is held.
func (l *lane) settle() {
	if l.quiet != nil {
		close(l.quiet)
		l.quiet = nil
	}
}

// visit makes the lane take note of a change in the orders. When it now holds and
// something is in flight, the write is stopped, and the channel returned is closed
// when it has been.
func (l *lane) visit() (quiet <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refresh()
	l.poke()
	l.moved.Broadcast()
	handedEnd := l.ended && l.head == len(l.queue) // it cannot be taken back, only waited for
	if !l.plan.hold && !(l.plan.holdEnds && handedEnd) || l.inflight == 0 || l.parked || l.closed {
		return nil
	}
	if l.quiet == nil {
		l.quiet = make(chan struct{})
	}
	if l.plan.hold {
		l.out.stop()
	}
	return l.quiet
}
