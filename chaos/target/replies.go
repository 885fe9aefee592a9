package target

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Replies is what the server does with its replies, so that what is reported of a run can be
// held against what was done: so many exactly, drawn by a seed from the messages in the order
// of their arrival, and counted (RepliesDone). The zero value answers everything at once.
type Replies struct {
	Seed uint64 `json:"seed,omitempty"`

	// One reply of each LateEach is kept back by LateBy from when its message was read, and
	// others overtake it; 0: none.
	LateEach int           `json:"late_each,omitempty"`
	LateBy   time.Duration `json:"late_by,omitempty"`

	// Lost messages of each LostOf are left unanswered; 0: none.
	Lost   int `json:"lost,omitempty"`
	LostOf int `json:"lost_of,omitempty"`

	// Behind the PauseAfter-th message the server parts from all clients by a close frame,
	// 1012, and lets nobody in for Pause; 0: never.
	PauseAfter int           `json:"pause_after,omitempty"`
	Pause      time.Duration `json:"pause,omitempty"`
}

// RepliesDone is what the server has done with its replies, by its own clock.
type RepliesDone struct {
	Read       int64 `json:"read"`                 // messages that arrived whole, but for those behind a close frame of ours
	Late       int64 `json:"late,omitempty"`       // replies kept back, and sent
	LateP50    int64 `json:"late_p50,omitempty"`   // ns from when the message was read until its reply went out
	LateP90    int64 `json:"late_p90,omitempty"`   // ns
	LateMin    int64 `json:"late_min,omitempty"`   // ns
	Lost       int64 `json:"lost,omitempty"`       // messages left unanswered
	Unanswered int64 `json:"unanswered,omitempty"` // messages behind a close frame of ours, and those that had left when their late reply was due
	Paused     int64 `json:"paused,omitempty"`     // ns from the beginning of the pause until the first was let in again
}

// validate returns what is wrong, each by its field.
func (r Replies) validate() []error {
	var errs []error
	wrong := func(field, want string) {
		errs = append(errs, fmt.Errorf("replies.%s: expected %s", field, want))
	}
	if r.LateEach < 0 || r.LateBy < 0 || (r.LateEach > 0) != (r.LateBy > 0) {
		wrong("late_each", "it and late_by above 0, or neither")
	}
	if r.Lost < 0 || r.LostOf < 0 || (r.Lost > 0) != (r.LostOf > 0) {
		wrong("lost", "it and lost_of above 0, or neither")
	} else if r.Lost > r.LostOf {
		wrong("lost", "no more than lost_of, of which they are")
	}
	if r.PauseAfter < 0 || r.Pause < 0 || (r.PauseAfter > 0) != (r.Pause > 0) {
		wrong("pause_after", "it and pause above 0, or neither")
	}
	return errs
}

// picked says whether message i, from 0, is among the n that are picked of each of so many.
// The j-th of them is drawn from the j-th n-th part, so that they are spread, and exactly n
// whatever is drawn.
func picked(seed, i uint64, n, of int) bool {
	if n <= 0 || of <= 0 {
		return false
	}
	k, m := uint64(n), uint64(of)
	block, at := i/m, i%m
	j := at * k / m
	from, to := (j*m+k-1)/k, ((j+1)*m+k-1)/k
	return at == from+mixed(seed, block, j)%(to-from)
}

// mixed is a hash of three numbers (the finaliser of SplitMix64, over a sum of odd multiples).
func mixed(a, b, c uint64) uint64 {
	x := a*0x9e3779b97f4a7c15 + b*0xd1b54a32d192ed03 + c*0x8cb92ba72f3d8dd7 + 0x2545f4914f6cdd1d
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// replyFate is what becomes of a reply.
type replyFate uint8

const (
	answeredNow replyFate = iota
	answeredLate
	neverAnswered
)

// replies draws the fates, and counts.
type replies struct {
	Replies
	clock func() int64

	arrived    atomic.Uint64
	lost       atomic.Int64
	unanswered atomic.Int64
	paused     atomic.Int64
	shut       atomic.Pointer[shut] // nil: the pause has not begun

	mu   sync.Mutex
	held []int64 // ns, of the late replies that went out
}

// shut is the pause.
type shut struct {
	began int64 // by the clock
	until time.Time
}

// heldMost bounds what is remembered of late replies; further ones are counted like the last.
const heldMost = 1 << 20

// newReplies returns nil where all replies are as usual.
func newReplies(r Replies, clock func() int64) *replies {
	if r.LateEach == 0 && r.LostOf == 0 && r.PauseAfter == 0 {
		return nil
	}
	return &replies{Replies: r, clock: clock}
}

// arrives draws the fate of the reply to the next message, and says whether the pause begins
// behind it.
func (r *replies) arrives() (f replyFate, pause bool) {
	i := r.arrived.Add(1) - 1
	pause = r.PauseAfter > 0 && i+1 == uint64(r.PauseAfter)
	switch {
	case picked(r.Seed, i, r.Lost, r.LostOf):
		r.lost.Add(1)
		return neverAnswered, pause
	case picked(^r.Seed, i, min(r.LateEach, 1), r.LateEach):
		return answeredLate, pause
	}
	return answeredNow, pause
}

// pause parts from everybody.
func (r *replies) pause(s *Server) {
	r.shut.Store(&shut{r.clock(), time.Now().Add(r.Pause)})
	for _, c := range s.open() {
		c.part(pauseCode, "")
	}
}

// pauseCode is Service Restart (IANA's registry of close codes).
const pauseCode = 1012

// pausing says whether nobody is served now.
func (r *replies) pausing() bool {
	if r == nil {
		return false
	}
	p := r.shut.Load()
	return p != nil && time.Now().Before(p.until)
}

// enter has a client that wants to be let in wait for the end of the pause.
func (r *replies) enter(ctx context.Context) {
	if !r.pausing() {
		return
	}
	p := r.shut.Load()
	over := time.NewTimer(time.Until(p.until))
	defer over.Stop()
	select {
	case <-over.C:
		r.paused.CompareAndSwap(0, r.clock()-p.began)
	case <-ctx.Done():
	}
}

// went counts a late reply that is on its way.
func (r *replies) went(held int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.held) < heldMost {
		r.held = append(r.held, held)
	}
}

// done is what was done so far; nil: nothing was asked for.
func (r *replies) done() *RepliesDone {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	held := slices.Clone(r.held)
	r.mu.Unlock()
	d := &RepliesDone{
		Read: int64(r.arrived.Load()), Late: int64(len(held)), Lost: r.lost.Load(),
		Unanswered: r.unanswered.Load(), Paused: r.paused.Load(),
	}
	if len(held) > 0 {
		slices.Sort(held)
		rank := func(percent int) int64 { return held[(len(held)*percent+99)/100-1] }
		d.LateMin, d.LateP50, d.LateP90 = held[0], rank(50), rank(90)
	}
	return d
}
