package report

import (
	"bytes"
	"encoding/json"
	"time"
)

// disorder is how far records may be out of order. Many goroutines write one journal, so
// neighbours are; a record that is later still is taken for a clock that went back.
const disorder = int64(time.Second)

const (
	// heldMost bounds how many records are held back, so that no journal can exhaust the
	// memory. It is several times what a second of the heaviest storm has.
	heldMost = 1 << 17
	// neighbours is how many places a record is looked for from the end on before it is a
	// stray: goroutines that write at the same time are out of order by a few.
	neighbours = 32
)

// sorter puts the records of a journal in the order of their times, holding back those
// of the last second. Records at the same nanosecond have an order of their own, so that
// it does not matter who wrote first: what sums up the time until then, the edges of
// phases and faults, and then what happens from there on, by client.
//
//	push ─┬▶ row, in order, a new one a few places from its end ─┬▶ the earlier one ─▶ pop
//	      └▶ strays, a heap, whatever is further behind ─────────┘
type sorter struct {
	row    []entry
	first  int // where the row begins: what is before has been given
	strays []entry
	seq    int64
	last   int64 // the latest time seen
}

// entry is a record: a step, or any other. Most are steps, and moving them about is
// cheaper without the rest.
type entry struct {
	t     int64
	seq   int64
	line  int64
	step  *Step
	other *Record
}

func (e *entry) record() Record {
	if e.step != nil {
		return Record{T: e.t, Step: e.step}
	}
	return *e.other
}

func (s *sorter) push(rec Record, line int64) {
	s.seq++
	s.last = max(s.last, rec.T)
	e := entry{t: rec.T, seq: s.seq, line: line, step: rec.Step}
	if rec.Step == nil {
		other := rec // so that of a step nothing is kept but itself
		e.other = &other
	}
	at := len(s.row)
	for at > s.first && e.before(&s.row[at-1]) {
		if at--; len(s.row)-at > neighbours {
			s.stray(e)
			return
		}
	}
	s.row = append(s.row, entry{})
	copy(s.row[at+1:], s.row[at:])
	s.row[at] = e
}

// held is how many records are held back.
func (s *sorter) held() int { return len(s.row) - s.first + len(s.strays) }

// pop returns the next record that nothing can precede any more; with all set also those
// held back.
func (s *sorter) pop(all bool) (e entry, ok bool) {
	inRow, astray := s.first < len(s.row), len(s.strays) > 0
	var least *entry
	switch {
	case inRow && (!astray || s.row[s.first].before(&s.strays[0])):
		least, astray = &s.row[s.first], false
	case astray:
		least = &s.strays[0]
	default:
		return entry{}, false
	}
	if !all && least.t > s.last-disorder && s.held() <= heldMost {
		return entry{}, false
	}
	e = *least
	if astray {
		s.found()
		return e, true
	}
	*least = entry{}
	if s.first++; s.first > len(s.row)/2 && s.first > 1024 || s.first == len(s.row) {
		kept := copy(s.row, s.row[s.first:])
		clear(s.row[kept:])
		s.row, s.first = s.row[:kept], 0
	}
	return e, true
}

// stray adds to the heap.
func (s *sorter) stray(e entry) {
	s.strays = append(s.strays, e)
	for i := len(s.strays) - 1; i > 0; {
		up := (i - 1) / 2
		if !s.strays[i].before(&s.strays[up]) {
			break
		}
		s.strays[i], s.strays[up] = s.strays[up], s.strays[i]
		i = up
	}
}

// found takes the least from the heap.
func (s *sorter) found() {
	last := len(s.strays) - 1
	s.strays[0], s.strays[last] = s.strays[last], entry{}
	s.strays = s.strays[:last]
	for i := 0; ; {
		least := i
		for down := 2*i + 1; down <= 2*i+2 && down < last; down++ {
			if s.strays[down].before(&s.strays[least]) {
				least = down
			}
		}
		if least == i {
			return
		}
		s.strays[i], s.strays[least] = s.strays[least], s.strays[i]
		i = least
	}
}

// before is the order of records. Those of one client, and phases, keep the journal's.
func (e *entry) before(o *entry) bool {
	if e.t != o.t {
		return e.t < o.t
	}
	if a, b := e.rank(), o.rank(); a != b {
		return a < b
	}
	switch {
	case e.step != nil:
		if e.step.Client != o.step.Client {
			return e.step.Client < o.step.Client
		}
	case e.other.Phase == nil:
		if order := e.text(o); order != 0 {
			return order < 0
		}
	}
	return e.seq < o.seq
}

// ahead is the order of records of different journals, whose places say nothing.
func (e *entry) ahead(o *entry) bool {
	if e.t != o.t {
		return e.t < o.t
	}
	if a, b := e.rank(), o.rank(); a != b {
		return a < b
	}
	return e.text(o) < 0
}

// text compares records by how they are written.
func (e *entry) text(o *entry) int {
	a, errA := json.Marshal(e.record())
	b, errB := json.Marshal(o.record())
	if errA != nil || errB != nil { // not of one that was read
		return 0
	}
	return bytes.Compare(a, b)
}

// rank orders records of the same time.
func (e *entry) rank() int {
	if e.step != nil {
		return 5
	}
	switch r := e.other; {
	case r.Run != nil:
		return 0
	case r.Load != nil, r.Harness != nil, r.Target != nil, r.Wire != nil, r.Conn != nil:
		return 1
	case r.Steady != nil:
		return 2
	case r.Phase != nil:
		return 3
	case r.Fault != nil:
		return 4
	case r.End != nil:
		return 7
	}
	return 6
}
