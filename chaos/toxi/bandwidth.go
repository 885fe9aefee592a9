package toxi

import (
	"time"

	"github.com/wsheal/wsheal/chaos"
)

func init() {
	obeys(func(e chaos.Bandwidth) (rule, chaos.Direction) { return bandwidth{e.Rate}, e.Way() })
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
		o.count("paced", 1)
		l.note(o)
	}
	if d.paid.Before(now) {
		d.paid = now
	}
	*d = debt{paid: d.paid.Add(time.Duration(float64(n) / float64(r.rate) * float64(time.Second)))}
}
