package driver

import "sync"

// berths bound how many dials are under way at once. Who finds none free waits in line, as a
// value and not as a goroutine, and is taken up by a goroutine that has just ended a dial.
type berths struct {
	mu   sync.Mutex
	free int
	line []job // from head on
	head int
}

// take takes a berth for a dial; false: it waits in line.
func (b *berths) take(j job) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.free > 0 {
		b.free--
		return true
	}
	b.line = append(b.line, j)
	return false
}

// pass gives a berth to the next in line; false: nobody waits, and it is free.
func (b *berths) pass() (j job, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.head == len(b.line) {
		b.line, b.head = nil, 0
		b.free++
		return j, false
	}
	j, b.line[b.head] = b.line[b.head], job{}
	b.head++
	if b.head > 64 && 2*b.head > len(b.line) { // the line may never be empty
		n := copy(b.line, b.line[b.head:])
		clear(b.line[n:])
		b.line, b.head = b.line[:n], 0
	}
	return j, true
}

// begin has somebody dial as soon as there is a berth.
func (p *Fleet) begin(j job) {
	if p.berths == nil || p.berths.take(j) {
		p.crew.run(j)
	}
}

// few tells whether few dials run at once.
func (p *Fleet) few() bool { return p.crowd != nil || p.berths != nil }

// dials does a dial, and then those that waited for its berth.
func (j job) dials() {
	for p, ok := j.dial.client.fleet, true; ok; {
		j.dial.do()
		if p.berths == nil {
			return
		}
		j, ok = p.berths.pass()
	}
}
