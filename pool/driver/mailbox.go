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

// mailbox is what a shard was told and has not read yet, in order. It is bounded by what
// clients can have under way: a few mails each.
type mailbox struct {
	notify chan struct{} // holds a token when there is mail

	mu          sync.Mutex
	first, last *bundle // nil: there is none
}

// post puts mail into the box. It never blocks.
func (b *mailbox) post(m mail) {
	b.mu.Lock()
	if b.last == nil || b.last.n == len(b.last.mails) {
		fresh := bundles.Get().(*bundle)
		if b.last == nil {
			b.first = fresh
		} else {
			b.last.next = fresh
		}
		b.last = fresh
	}
	b.last.mails[b.last.n] = m
	b.last.n++
	b.mu.Unlock()
	select {
	case b.notify <- struct{}{}:
	default:
	}
}

// collect empties the box.
func (b *mailbox) collect() *bundle {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := b.first
	b.first, b.last = nil, nil
	return all
}
