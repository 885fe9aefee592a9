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
//
// Sender and reader are two goroutines, so an answer may be noted before the sending of its
// message. Such a message is early until that is noted, too:
//
//	due ─▶ sent ──▶ answer: settled
//	  └──▶ answer ─▶ early ─▶ sent: settled
type ledger struct {
	mu    sync.RWMutex
	pages []*ledgerPage // nil: not begun, or (done[i]) all settled
	done  []bool

	emu   sync.Mutex // protects early, and the change of a slot to overtaken; taken before mu
	early map[uint64]note
}

// note is what was noted of a message.
type note struct {
	at  int64  // early: when its answer came
	gen uint32 // the generation that due was told
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

// Slots that are no times: of a message that will not be sent again, and of one whose answer
// overtook the note of its sending.
const (
	gaveUp    = math.MinInt64
	overtaken = math.MinInt64 + 1
)

// giveUp notes that message n will not be sent again; false when it has been answered.
func (l *ledger) giveUp(n uint64) bool {
	p, done := l.page(n, false)
	if done || p == nil {
		return false
	}
	if p.answered[n%page/64].Load()&(1<<(n%64)) != 0 {
		if p.slot[n%page].CompareAndSwap(overtaken, gaveUp) { // it will not be noted as sent
			l.catchUp(n, p)
		}
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

// sent notes when message n was first handed to the kernel. It returns the generation that
// due was told and, of a message whose answer overtook this note, when that came; 0: it did
// not.
func (l *ledger) sent(n uint64, at int64) (gen uint32, answered int64) {
	p, _ := l.page(n, false)
	if p == nil {
		return 0, 0
	}
	switch was := p.slot[n%page].Swap(at); {
	case was == overtaken:
		e := l.catchUp(n, p)
		return e.gen, e.at
	case was < 0 && was != gaveUp:
		return uint32(-was), 0
	}
	return 0, 0
}

// catchUp settles a message whose answer overtook the note of its sending.
func (l *ledger) catchUp(n uint64, p *ledgerPage) note {
	l.emu.Lock()
	e := l.early[n]
	delete(l.early, n)
	l.emu.Unlock()
	l.settle(n, p)
	return e
}

// answer is what the ledger knows of an answer.
type answer struct {
	first bool  // the message was not answered before
	after bool  // it had been given up
	sent  int64 // when it was first sent; 0: the answer overtook the note
}

// answer notes that message n was answered, and when.
func (l *ledger) answer(n uint64, at int64) answer {
	p, done := l.page(n, false)
	if done || p == nil {
		return answer{}
	}
	bit := uint64(1) << (n % 64)
	if p.answered[n%page/64].Or(bit)&bit != 0 {
		return answer{}
	}
	slot := p.slot[n%page].Load()
	if slot <= 0 && slot != gaveUp {
		if l.overtake(n, p, slot, at) {
			return answer{first: true}
		}
		slot = p.slot[n%page].Load() // it was noted, or given up, meanwhile
	}
	if slot == gaveUp {
		return answer{first: true, after: true}
	}
	l.settle(n, p)
	return answer{first: true, sent: slot}
}

// overtake keeps the answer to a message until its sending is noted; false: it was already,
// or the message was given up.
func (l *ledger) overtake(n uint64, p *ledgerPage, slot, at int64) bool {
	l.emu.Lock()
	defer l.emu.Unlock()
	if !p.slot[n%page].CompareAndSwap(slot, overtaken) {
		return false
	}
	if l.early == nil {
		l.early = map[uint64]note{}
	}
	l.early[n] = note{at: at, gen: uint32(-slot)}
	return true
}
