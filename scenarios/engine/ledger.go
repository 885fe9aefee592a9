package engine

import (
	"math"
	"sync"
	"sync/atomic"
)

const page = 1 << 14 // messages per page of the ledger

// ledger remembers, for each message of the run by its number, whether it has been
// answered and when it was first handed to the kernel. Pages come when they are first
// written and go when all their messages are answered or given up, so that its size
// follows what is outstanding and not the length of the run.
type ledger struct {
	mu    sync.RWMutex
	pages []*ledgerPage // nil: not begun, or (done[i]) all settled
	done  []bool
}

type ledgerPage struct {
	answered [page / 64]atomic.Uint64
	slot     [page]atomic.Int64
	left     atomic.Int64
}

func (l *ledger) page(n uint64, create bool) (p *ledgerPage, done bool) {
	i := int(n / page)
	l.mu.RLock()
	if i < len(l.pages) {
		p, done = l.pages[i], l.done[i]
	}
	l.mu.RUnlock()
	if p != nil || done || !create {
		return p, done
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.pages) <= i {
		l.pages, l.done = append(l.pages, nil), append(l.done, false)
	}
	if l.pages[i] == nil && !l.done[i] {
		l.pages[i] = new(ledgerPage)
		l.pages[i].left.Store(page)
	}
	return l.pages[i], l.done[i]
}

// due notes that message n is due and on which generation its client is usable, 0 for
// a client that is down.
func (l *ledger) due(n uint64, gen uint32) {
	if p, _ := l.page(n, true); p != nil {
		p.slot[n%page].Store(-int64(gen))
	}
}

// gaveUp is the slot of a message that will not be sent again.
const gaveUp = math.MinInt64

// giveUp notes that message n will not be sent again; false when it has been answered.
func (l *ledger) giveUp(n uint64) bool {
	p, done := l.page(n, false)
	if done || p == nil || p.answered[n%page/64].Load()&(1<<(n%64)) != 0 {
		return false
	}
	if p.slot[n%page].Swap(gaveUp) != gaveUp {
		l.settle(n, p)
	}
	return true
}

// settle counts a message of which nothing more is expected, and lets its page go when it
// is the last.
func (l *ledger) settle(n uint64, p *ledgerPage) {
	if p.left.Add(-1) == 0 {
		i := int(n / page)
		l.mu.Lock()
		l.pages[i], l.done[i] = nil, true
		l.mu.Unlock()
	}
}

// sent notes when message n was first handed to the kernel and returns the generation
// that due was told.
func (l *ledger) sent(n uint64, at int64) (gen uint32) {
	p, _ := l.page(n, false)
	if p == nil {
		return 0
	}
	if was := p.slot[n%page].Swap(at); was < 0 && was != gaveUp {
		return uint32(-was)
	}
	return 0
}

// answer is what the ledger knows of an answer.
type answer struct {
	first bool  // the message was not answered before
	after bool  // it had been given up
	sent  int64 // when it was first sent; 0: the answer overtook the note
}

// answer notes that message n was answered.
func (l *ledger) answer(n uint64) answer {
	p, done := l.page(n, false)
	if done || p == nil {
		return answer{}
	}
	bit := uint64(1) << (n % 64)
	if p.answered[n%page/64].Or(bit)&bit != 0 {
		return answer{}
	}
	slot := p.slot[n%page].Load()
	if slot == gaveUp {
		return answer{first: true, after: true}
	}
	l.settle(n, p)
	return answer{first: true, sent: max(0, slot)}
}
