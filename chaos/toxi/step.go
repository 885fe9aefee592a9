package toxi

import (
	"slices"
	"time"

	"github.com/Shopify/toxiproxy/v2/stream"

	"github.com/wsheal/wsheal/chaos"
)

// step is what the tap has to do next.
type step struct {
	over bool                // the connection or the sink has ended: close and drain
	gone bool                // the client gave up before it was dialled onwards: end the connection
	end  bool                // the end of stream goes on: close
	read bool                // there is room for more
	send *stream.StreamChunk // goes on now; nil: nothing may
	wait time.Duration       // look again after this; 0: no need
	do   deed                // what is to become of the connection
	by   *order              // who wants it
}

// next decides. What it lets go on is in flight from here.
func (l *lane) next() step {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refresh()
	haunted := l.conn.ghost.Load() != nil
	if l.closed || l.shut || l.conn.over.Load() || l.way == chaos.Up && l.conn.remote.failed() || haunted && l.ended {
		l.withdraw()
		l.unhush()
		return step{over: true}
	}
	if haunted {
		l.withdraw()
		l.queue, l.head, l.bytes = nil, 0, 0
		return step{read: true}
	}
	var again time.Duration
	if len(l.plan.wakers) > 0 {
		now := time.Now()
		for _, o := range l.plan.wakers {
			if slices.Contains(l.refused, o) {
				continue
			}
			after, do := o.rule.(waker).wakes(o, l, now)
			if do != nothing {
				l.withdraw()
				return step{do: do, by: o}
			}
			again = sooner(again, after)
		}
	}
	l.slip()
	s := l.decide()
	s.wait = sooner(s.wait, again)
	return s
}

// unhush lets the client speak again that was to hear its last, where that cannot be told any
// more: nothing comes after it, and the target has still to learn how it ends. l.mu is held.
func (l *lane) unhush() {
	untold := slices.ContainsFunc(l.queue[l.head:], func(it item) bool { return it.do == finishes })
	if l.way == chaos.Down && untold && l.conn.hushed.Swap(false) {
		l.conn.up.poke()
	}
}

// sooner returns the shorter of two times, of which 0 is none.
func sooner(a, b time.Duration) time.Duration {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}

// decide says what may be done with the queue. l.mu is held.
func (l *lane) decide() step {
	if l.ended && l.way == chaos.Up && !l.conn.remote.begun() {
		l.withdraw()
		return step{gone: true}
	}
	limit := delayLimit
	if l.plan.hold || l.head < len(l.queue) && l.queue[l.head].waits() {
		limit = holdLimit
	}
	s := step{read: !l.ended && l.bytes < limit}
	if l.head == len(l.queue) {
		return s
	}
	it := &l.queue[l.head]
	if l.plan.holds(it) || it.waits() || l.barred || l.way == chaos.Up && l.conn.hushed.Load() {
		l.withdraw()
		return s
	}
	if len(it.delays) > 0 {
		if wait := time.Until(it.due()); wait > 0 {
			s.wait = wait
			return s
		}
	}
	if l.way == chaos.Up && !l.conn.remote.dialled() {
		l.conn.remote.dial() // which pokes when it is done
		return s
	}
	if it.do != nothing {
		if l.inflight > 0 {
			return s // whose end pokes
		}
		do, by := it.do, it.by
		l.pop()
		return step{do: do, by: by}
	}
	if it.chunk == nil {
		l.inflight++
		l.credit(it)
		l.pop()
		return step{end: true}
	}
	if !l.offered {
		var now time.Time
		if len(l.plan.pacers) > 0 {
			now = time.Now()
		}
		for _, o := range l.plan.pacers {
			s.wait = max(s.wait, o.rule.(pacer).pace(o, l, len(it.chunk.Data), now))
		}
		if s.wait > 0 {
			return s
		}
		if it.counts != "" {
			if l.inflight > 0 {
				return s // whose end pokes; then the sink takes it at once
			}
			l.conn.counts(it.by, it.counts, 1)
			l.note(it.by)
			it.counts = ""
		}
		for _, o := range l.plan.pacers {
			o.rule.(pacer).paced(o, l, len(it.chunk.Data), now)
		}
		l.credit(it)
		if l.way == chaos.Down && l.head+1 < len(l.queue) && l.queue[l.head+1].do == finishes {
			l.conn.hushed.Store(true)
		}
		l.offered = true
		l.inflight += len(it.chunk.Data)
	}
	s.send = it.chunk
	return s
}

// sent takes the chunk that the sink received off the queue.
func (l *lane) sent() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.offered = false
	l.bytes -= len(l.queue[l.head].chunk.Data)
	l.pop()
}

// pop drops the first item. l.mu is held.
func (l *lane) pop() {
	l.queue[l.head] = item{}
	if l.head++; l.head == len(l.queue) {
		l.queue, l.head = l.queue[:0], 0
	} else if l.head >= 64 && l.head*2 >= len(l.queue) {
		n := copy(l.queue, l.queue[l.head:])
		clear(l.queue[n:])
		l.queue, l.head = l.queue[:n], 0
	}
}

// credit counts an item, which goes on now, for those who delayed it: before anybody can
// have seen it. l.mu is held.
func (l *lane) credit(it *item) {
	if len(it.delays) == 0 {
		return
	}
	var sum time.Duration
	for _, d := range it.delays {
		sum += d.d
	}
	added := time.Since(it.came)
	for _, d := range it.delays {
		part := d.d // of one that was held as well, only what was drawn is known to be the delay's
		if len(it.held) == 0 {
			part = share(added, d.d, sum, len(it.delays))
		}
		if !l.conn.isCanary() {
			d.by.delayed.Add(1)
			d.by.addedN.Add(int64(part))
		}
		l.note(d.by)
	}
	it.delays = nil
}

// share divides the time added among n orders as their drawn delays divide the sum.
func share(added, d, sum time.Duration, n int) time.Duration {
	if sum == 0 {
		return added / time.Duration(n)
	}
	return time.Duration(float64(added) * float64(d) / float64(sum))
}
