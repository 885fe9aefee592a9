package proc

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/wsheal/wsheal/chaos"
)

// deed is one fault being carried out.
type deed struct {
	fault   chaos.Fault
	server  *Server   // the first that it is carried out on
	servers []*Server // all of them
	clock   func() int64
	cancel  context.CancelFunc
	armed   chan struct{} // closed when it is in force
	done    chan struct{} // closed when nothing of it is left
	err     error         // of carrying it out; written before done is closed

	mu sync.Mutex
	e  chaos.Evidence
}

func (d *deed) carryOut(ctx context.Context, c conduct) {
	defer close(d.done)
	defer d.cancel()
	d.err = c(ctx, d)
	if d.err == nil {
		d.mu.Lock()
		d.e.Cleared = d.clock()
		d.mu.Unlock()
	}
}

func (d *deed) over() bool {
	select {
	case <-d.done:
		return true
	default:
		return false
	}
}

// arm tells that the fault is in force. Conducts call it as often as it comes to pass.
func (d *deed) arm() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.e.Armed == 0 {
		d.e.Armed = d.clock()
		close(d.armed)
	}
}

// count adds to a counter of the kind's Proof; it is told when something has come about.
func (d *deed) count(name string, n int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.clock()
	if d.e.First == 0 {
		d.e.First = now
	}
	d.e.Last = now
	if d.e.Counts == nil {
		d.e.Counts = map[string]int64{}
	}
	d.e.Counts[name] += n
}

// held adds bytes that lay unread.
func (d *deed) held(n int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.e.HeldBytes += n
}

func (d *deed) evidence() chaos.Evidence {
	d.mu.Lock()
	defer d.mu.Unlock()
	e := d.e
	e.Counts = maps.Clone(e.Counts)
	return e
}

// wait returns false when ctx ended first.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
