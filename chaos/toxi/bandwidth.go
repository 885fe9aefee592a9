package toxi

import (
	"slices"
	"sync"
	"time"

	"github.com/wsheal/wsheal/chaos"
)

func init() {
	obeys(func(e chaos.Bandwidth) (rule, chaos.Direction) {
		if e.Shared {
			return &link{rate: e.Rate}, e.Way()
		}
		return bandwidth{e.Rate}, e.Way()
	})
}

// bandwidth lets a chunk go when all before it are paid for.
type bandwidth struct{ rate int64 }

// debt is what one lane has still to pay for.
type debt struct {
	paid   time.Time // when
	waited bool      // the chunk at the head
}

func (r bandwidth) pace(o *order, l *lane, _ int, now time.Time) time.Duration {
	d := memory[debt](l, o)
	wait := max(0, d.paid.Sub(now))
	d.waited = d.waited || wait > 0
	return wait
}

func (r bandwidth) paced(o *order, l *lane, n int, now time.Time) {
	d := memory[debt](l, o)
	if d.waited {
		l.conn.counts(o, "paced", 1)
		l.note(o)
	}
	if d.paid.Before(now) {
		d.paid = now
	}
	*d = debt{paid: d.paid.Add(costs(n, r.rate))}
}

// costs is for how long n bytes keep a rate busy.
func costs(n int, rate int64) time.Duration {
	return time.Duration(float64(n) / float64(rate) * float64(time.Second))
}

// link is one bandwidth for many connections, in each direction for itself. A chunk is
// given its time as it comes to the head of its lane, in the order in which they come, so
// that nobody is passed over and nobody wakes in vain.
type link struct {
	rate int64
	up   meter
	down meter
}

// meter is until when a direction of a link is taken.
type meter struct {
	mu    sync.Mutex // under which nothing is done but to reckon
	taken time.Time
}

// turn is when it is a lane's.
type turn struct {
	given bool
	at    time.Time
}

// shape cuts what one connection may send in its turn.
func (r *link) shape(_ *order, _ *lane, data []byte) [][]byte {
	return slices.Collect(slices.Chunk(data, max(1, int(min(r.rate/50, largeBuffer)))))
}

func (r *link) pace(o *order, l *lane, n int, now time.Time) time.Duration {
	t := memory[turn](l, o)
	if !t.given {
		t.given, t.at = true, r.meter(l.way).take(now, costs(n, r.rate))
		if t.at.After(now) {
			l.conn.counts(o, "paced", 1)
			l.note(o)
		}
	}
	return max(0, t.at.Sub(now))
}

func (r *link) paced(o *order, l *lane, _ int, _ time.Time) { *memory[turn](l, o) = turn{} }

func (r *link) meter(way chaos.Direction) *meter {
	if way == chaos.Up {
		return &r.up
	}
	return &r.down
}

// take takes the next free time of a length, and returns its beginning.
func (m *meter) take(now time.Time, length time.Duration) time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := now
	if m.taken.After(now) {
		at = m.taken
	}
	m.taken = at.Add(length)
	return at
}
