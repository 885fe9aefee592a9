package report

import (
	"bytes"
	"container/heap"
	"encoding/json"
	"time"
)

// disorder is how far records may be out of order. Many goroutines write one journal, so
// neighbours are; a record that is later still is taken for a clock that went back.
const disorder = int64(time.Second)

// heldMost bounds how many records are held back, so that no journal can exhaust the
// memory. It is several times what a second of the heaviest storm has.
const heldMost = 1 << 17

// sorter puts the records of a journal in the order of their times, holding back those
// of the last second. Records at the same nanosecond have an order of their own, so that
// it does not matter who wrote first: what sums up the time until then, the edges of
// phases and faults, and then what happens from there on, by client.
type sorter struct {
	held heapOfEntries
	seq  int64
	last int64 // the latest time seen
}

type entry struct {
	rec  Record
	line int64
	seq  int64
}

func (s *sorter) push(rec Record, line int64) {
	s.seq++
	s.last = max(s.last, rec.T)
	heap.Push(&s.held, entry{rec, line, s.seq})
}

// pop returns the next record that nothing can precede any more; with all set also those
// held back.
func (s *sorter) pop(all bool) (entry, bool) {
	if len(s.held) == 0 || !all && len(s.held) <= heldMost && s.held[0].rec.T > s.last-disorder {
		return entry{}, false
	}
	return heap.Pop(&s.held).(entry), true
}

// before is the order of records. Those of one client, and phases, keep the journal's.
func (e *entry) before(o *entry) bool {
	if e.rec.T != o.rec.T {
		return e.rec.T < o.rec.T
	}
	if a, b := e.rec.rank(), o.rec.rank(); a != b {
		return a < b
	}
	switch {
	case e.rec.Step != nil:
		if e.rec.Step.Client != o.rec.Step.Client {
			return e.rec.Step.Client < o.rec.Step.Client
		}
	case e.rec.Phase == nil:
		if order := e.text(o); order != 0 {
			return order < 0
		}
	}
	return e.seq < o.seq
}

// ahead is the order of records of different journals, whose places say nothing.
func (e *entry) ahead(o *entry) bool {
	if e.rec.T != o.rec.T {
		return e.rec.T < o.rec.T
	}
	if a, b := e.rec.rank(), o.rec.rank(); a != b {
		return a < b
	}
	return e.text(o) < 0
}

// text compares records by how they are written.
func (e *entry) text(o *entry) int {
	a, errA := json.Marshal(e.rec)
	b, errB := json.Marshal(o.rec)
	if errA != nil || errB != nil { // not of one that was read
		return 0
	}
	return bytes.Compare(a, b)
}

// rank orders records of the same time.
func (r *Record) rank() int {
	switch {
	case r.Run != nil:
		return 0
	case r.Load != nil, r.Harness != nil, r.Target != nil, r.Wire != nil:
		return 1
	case r.Steady != nil:
		return 2
	case r.Phase != nil:
		return 3
	case r.Fault != nil:
		return 4
	case r.Step != nil:
		return 5
	case r.End != nil:
		return 7
	}
	return 6
}

// heapOfEntries orders what is held back.
type heapOfEntries []entry

func (h heapOfEntries) Len() int           { return len(h) }
func (h heapOfEntries) Less(i, j int) bool { return h[i].before(&h[j]) }
func (h heapOfEntries) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *heapOfEntries) Push(x any)        { *h = append(*h, x.(entry)) }
func (h *heapOfEntries) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = entry{}
	*h = old[:len(old)-1]
	return last
}
