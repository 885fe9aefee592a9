package driver

import (
	"sync"
	"time"

	"github.com/wsheal/wsheal/pool/crowd"
	"github.com/wsheal/wsheal/pool/heal"
)

// mail is what a shard is told: an event of a client, or an order to the shard.
type mail struct {
	client *client
	event  heal.Event
	conn   *conn         // Opened, Proved, Lost, Checked, Disproved, over, empty
	err    error         // Failed, Lost, Disproved
	took   time.Duration // Opened, Failed: since the dial began

	order  order
	passed *sync.WaitGroup // pass
	crowd  *crowd.Action   // scatter, shed, notice
}

type order uint8

const (
	step    order = iota // step the client
	over                 // nothing of conn is left; conn nil: nothing more of what arrived on one
	empty                // look whether conn, which is draining, has finished
	remove               // end the client for good
	settle               // look whether a client that is being removed has finished
	scatter              // shared: let everybody draw anew who waits
	shed                 // shared: choose clients to move
	notice               // shared: tell what changed
	pass                 // tell that everything before this was handled
	force                // kill every connection
	quit                 // drop what is queued and end
)

// bundle is some mails in a row. A storm of mail fills many, a quiet shard holds none.
type bundle struct {
	mails [64]mail
	n     int
	next  *bundle
}

var bundles = sync.Pool{New: func() any { return new(bundle) }}

// recycle returns the bundle behind b, and b to the pool.
func (b *bundle) recycle() *bundle {
	next := b.next
	clear(b.mails[:b.n])
	b.n, b.next = 0, nil
	bundles.Put(b)
	return next
}

// queue is mail in order. The zero value is empty.
type queue struct{ first, last *bundle }

func (q *queue) put(m *mail) {
	if q.last == nil || q.last.n == len(q.last.mails) {
		fresh := bundles.Get().(*bundle)
		if q.last == nil {
			q.first = fresh
		} else {
			q.last.next = fresh
		}
		q.last = fresh
	}
	q.last.mails[q.last.n] = *m
	q.last.n++
}

// take takes the oldest bundle out; nil: there is none.
func (q *queue) take() *bundle {
	b := q.first
	if b != nil {
		if q.first, b.next = b.next, nil; q.first == nil {
			q.last = nil
		}
	}
	return b
}

// mailbox is what a shard was told and has not read yet. It is bounded by what clients can
// have under way: a few mails each. Mail that dials wait for is read before the rest: when
// thousands of connections are lost at once, the first dial does not wait for the last loss.
type mailbox struct {
	notify chan struct{} // holds a token when there is mail

	mu    sync.Mutex
	dials queue // by which dials begin, or come to their end and let others begin
	rest  queue
}

// post puts mail into the box. It never blocks.
func (b *mailbox) post(m mail) {
	b.mu.Lock()
	if m.dials() {
		b.dials.put(&m)
	} else {
		b.rest.put(&m)
	}
	b.mu.Unlock()
	select {
	case b.notify <- struct{}{}:
	default:
	}
}

// dials tells whether a dial is to begin by it, or has come to its end.
func (m *mail) dials() bool {
	if m.order != step {
		return false
	}
	switch m.event.Kind {
	case heal.Admitted, heal.Opened, heal.Failed:
		return true
	}
	return false
}

// collect takes all that has to do with dials out, and a bundle of the rest; nil: there is
// nothing.
func (b *mailbox) collect() *bundle {
	b.mu.Lock()
	defer b.mu.Unlock()
	first := b.dials.first
	if first == nil {
		return b.rest.take()
	}
	b.dials.last.next = b.rest.take()
	b.dials = queue{}
	return first
}
