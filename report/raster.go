package report

import "strings"

// rasterMost bounds the attempts of a raster: beyond it, every other client is left out.
const rasterMost = 2000

// Raster is every attempt of some of the clients from the first fault's command on: a mark
// per attempt, a row per client. What dials in lock-step is an upright line in it, and
// what is spread is dust.
type Raster struct {
	Every   int     `json:"every"`   // of every how many clients; 1: of all
	Client  []int   `json:"client"`  // by attempt, in order of time
	T       []int64 `json:"t"`       // when it began, ns since the run's start
	Outcome string  `json:"outcome"` // a letter per attempt: h healed, n hopeless, c collateral, o open at the end
}

// raster follows the attempts. It does not know how many there will be, so it begins with
// all clients and halves them when they become too many.
type raster struct {
	from  bool // the first fault was commanded
	every int
	marks []dialled
	open  map[int]int // by client: its attempt under way, by place in marks
}

type dialled struct {
	client int
	t      int64
	ended  outcome
}

func newRaster() *raster { return &raster{every: 1, open: map[int]int{}} }

// Add takes a record and what it says of the client's attempts.
func (r *raster) Add(rec Record, a attempt) {
	r.from = r.from || rec.Fault != nil && rec.Fault.Edge == "commanded"
	if rec.Step == nil || !r.from || rec.Step.Client%r.every != 0 {
		return
	}
	if a.ended != noAttempt {
		if i, ok := r.open[rec.Step.Client]; ok {
			r.marks[i].ended = a.ended
			delete(r.open, rec.Step.Client)
		}
	}
	if a.began {
		r.open[rec.Step.Client] = len(r.marks)
		r.marks = append(r.marks, dialled{client: rec.Step.Client, t: rec.T})
		for len(r.marks) > rasterMost && r.halve() {
		}
	}
}

// halve leaves out every other client; false when only one is left, whose first attempts
// are kept.
func (r *raster) halve() bool {
	r.every *= 2
	if r.every > 1<<30 {
		r.every /= 2
		r.marks = r.marks[:rasterMost]
		for client, i := range r.open {
			if i >= rasterMost {
				delete(r.open, client)
			}
		}
		return false
	}
	kept := r.marks[:0]
	for i, m := range r.marks {
		at, open := r.open[m.client]
		open = open && at == i
		if m.client%r.every != 0 {
			if open {
				delete(r.open, m.client)
			}
			continue
		}
		if open {
			r.open[m.client] = len(kept)
		}
		kept = append(kept, m)
	}
	r.marks = kept
	return true
}

// Close returns the raster, given when the last fault was over; nil without attempts.
func (r *raster) Close(cleared int64) *Raster {
	if len(r.marks) == 0 {
		return nil
	}
	out := &Raster{Every: r.every}
	var letters strings.Builder
	for _, m := range r.marks {
		out.Client, out.T = append(out.Client, m.client), append(out.T, m.t)
		switch {
		case m.ended == attemptHealed:
			letters.WriteByte('h')
		case m.ended == attemptFailed && m.t < cleared:
			letters.WriteByte('n')
		case m.ended == attemptFailed:
			letters.WriteByte('c')
		default:
			letters.WriteByte('o')
		}
	}
	out.Outcome = letters.String()
	return out
}
