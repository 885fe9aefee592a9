package crowd

import "github.com/wsheal/wsheal/pool/heal"

// lane is a queue of clients that wait for admission.
type lane uint8

const (
	fresh lane = iota // a first connect, or the first attempt since the client's last connection was stable
	retry             // its last attempt failed, or its connection died early: it needs budget
	move              // it has a connection that works, and is to have another
	lanes = iota
)

// stage is how far a client is.
type stage uint8

const (
	asking  stage = iota // in a lane
	dialing              // admitted: in the list of dials or, as a probe, of probes
	open                 // the 101 came: not stable yet
	failed               // its last attempt failed: in the list of failures, until it asks again
)

// seat is what is known of one client between the moment it asks and the one its
// connection is stable. The others, who are most, have none.
type seat struct {
	client int
	at     heal.Instant // asking: when it is its turn; dialing and open: when it was admitted; failed: when
	prev   int32        // neighbours in the list
	next   int32
	list   int8  // of the book's lists the one it is in; none
	avoid  int16 // Asked.Avoid
	epoch  uint32
	term   uint32 // epoch and term of the endpoint when it was admitted
	stage  stage
	lane   lane
	probe  bool
	proven bool
	last   int16 // endpoint of the attempt under way or, failed or asking again, of the last that failed; -1
}

// The lists of a book, after those of the lanes.
const (
	dials    = int8(lanes) + iota // ordinary dials under way, oldest first
	probes                        // probes that have not proved themselves, oldest first
	failures                      // clients that failed and have not asked again, oldest first
	lists    = iota + int(lanes)
	none     = int8(-1)
)

// list is a first-in-first-out list of seats, linked through them.
type list struct {
	head, tail int32 // -1: empty
	len        int
}

// book holds the seats. Finding, adding and removing take constant time, and allocate
// only where there are more seats than ever before.
type book struct {
	seats []seat
	free  []int32
	lists [lists]list
	// index finds a client's seat by open addressing with linear probing: position of
	// the seat plus 1, 0 for empty. Removal moves the followers up, so that there are
	// no tombstones that would have to be swept out by allocating anew.
	index []int32
}

func newBook() book {
	b := book{index: make([]int32, 64)}
	for i := range b.lists {
		b.lists[i] = list{head: -1, tail: -1}
	}
	return b
}

// waiting is how many clients wait for admission.
func (b *book) waiting() int {
	return b.lists[fresh].len + b.lists[retry].len + b.lists[move].len
}

// slot is where the search for a client begins (Fibonacci hashing, Knuth vol. 3, 6.4).
func (b *book) slot(client int) int {
	return int(uint64(client) * 0x9e3779b97f4a7c15 >> 32 & uint64(len(b.index)-1))
}

// find returns the seat of a client, or nil. The pointer holds until the next add.
func (b *book) find(client int) *seat {
	for i := b.slot(client); b.index[i] != 0; i = (i + 1) & (len(b.index) - 1) {
		if s := &b.seats[b.index[i]-1]; s.client == client {
			return s
		}
	}
	return nil
}

// add gives a client a seat that is in no list.
func (b *book) add(client int) *seat {
	if used := len(b.seats) - len(b.free); 4*(used+1) > 3*len(b.index) {
		b.grow()
	}
	if len(b.free) == 0 {
		b.seats = append(b.seats, seat{})
		b.free = append(b.free, int32(len(b.seats)-1))
	}
	at := b.free[len(b.free)-1]
	b.free = b.free[:len(b.free)-1]
	b.seats[at] = seat{client: client, list: none, last: -1}
	b.enter(at)
	return &b.seats[at]
}

func (b *book) enter(at int32) {
	i := b.slot(b.seats[at].client)
	for b.index[i] != 0 {
		i = (i + 1) & (len(b.index) - 1)
	}
	b.index[i] = at + 1
}

func (b *book) grow() {
	old := b.index
	b.index = make([]int32, 2*len(old))
	for _, x := range old {
		if x != 0 {
			b.enter(x - 1)
		}
	}
}

// drop takes a client's seat away.
func (b *book) drop(s *seat) {
	b.leave(s)
	mask := len(b.index) - 1
	i := b.slot(s.client)
	for &b.seats[b.index[i]-1] != s {
		i = (i + 1) & mask
	}
	b.free = append(b.free, b.index[i]-1)
	b.index[i] = 0
	for j := (i + 1) & mask; b.index[j] != 0; j = (j + 1) & mask {
		// The one at j may move up to i unless its search begins behind i.
		if home := b.slot(b.seats[b.index[j]-1].client); (j-home)&mask >= (j-i)&mask {
			b.index[i], b.index[j] = b.index[j], 0
			i = j
		}
	}
}

// join puts a seat at the end of a list, out of the one it is in.
func (b *book) join(s *seat, to int8) {
	b.leave(s)
	l := &b.lists[to]
	at := b.position(s)
	s.list, s.prev, s.next = to, l.tail, -1
	if l.tail >= 0 {
		b.seats[l.tail].next = at
	} else {
		l.head = at
	}
	l.tail = at
	l.len++
}

// leave takes a seat out of its list, if it is in one.
func (b *book) leave(s *seat) {
	if s.list == none {
		return
	}
	l := &b.lists[s.list]
	if s.prev >= 0 {
		b.seats[s.prev].next = s.next
	} else {
		l.head = s.next
	}
	if s.next >= 0 {
		b.seats[s.next].prev = s.prev
	} else {
		l.tail = s.prev
	}
	l.len--
	s.list = none
}

// position is the index of a seat, which stands in its entry of the index.
func (b *book) position(s *seat) int32 {
	i := b.slot(s.client)
	for &b.seats[b.index[i]-1] != s {
		i = (i + 1) & (len(b.index) - 1)
	}
	return b.index[i] - 1
}

// first returns the oldest seat of a list, or nil.
func (b *book) first(of int8) *seat { return b.at(b.lists[of].head) }

// after returns the seat that follows in the same list, or nil.
func (b *book) after(s *seat) *seat { return b.at(s.next) }

func (b *book) at(i int32) *seat {
	if i < 0 {
		return nil
	}
	return &b.seats[i]
}
