package report

import (
	"container/heap"
	"time"
)

// disorder is how far records may be out of order. Many goroutines write one journal, so
// neighbours are; a record that is later still is taken for a clock that went back.
const disorder = int64(time.Second)

// sorter puts the records of a journal in the order of their times, holding back those
// of the last second.
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
	if len(s.held) == 0 || !all && s.held[0].rec.T > s.last-disorder {
		return entry{}, false
	}
	return heap.Pop(&s.held).(entry), true
}

// heapOfEntries orders by time, then by place in the journal.
type heapOfEntries []entry

func (h heapOfEntries) Len() int { return len(h) }
func (h heapOfEntries) Less(i, j int) bool {
	return h[i].rec.T < h[j].rec.T || h[i].rec.T == h[j].rec.T && h[i].seq < h[j].seq
}
func (h heapOfEntries) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *heapOfEntries) Push(x any)   { *h = append(*h, x.(entry)) }
func (h *heapOfEntries) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = entry{}
	*h = old[:len(old)-1]
	return last
}
