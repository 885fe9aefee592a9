package soak

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/wsheal/wsheal/pool"
	"github.com/wsheal/wsheal/pool/crowd"
	"github.com/wsheal/wsheal/pool/heal"
)

// missing says what is not as it should be: size, phases, what is shared, endpoints. ""
// when all is.
func (s *soak) missing() string {
	p := s.pool.Snapshot()
	var out []string
	is := func(what string, got, want any) {
		if got != want {
			out = append(out, fmt.Sprintf("%s is %v, not %v", what, got, want))
		}
	}
	is("size", p.Size, s.owned)
	is("usable", p.Usable, s.owned)
	is("sessions", p.Sessions, sessions)
	is("timers", p.Timers, s.owned+sessions)
	phases := map[heal.Phase]int{}
	for phase, n := range p.Phases {
		if n > 0 && heal.Phase(phase) != heal.Stable {
			phases[heal.Phase(phase)] = n
		}
	}
	// Whoever is silent just now is asked, and whoever has too many neighbours moves.
	for _, passing := range []heal.Phase{heal.Suspect, heal.Moving, heal.Joining, heal.Ready} {
		if phases[passing] <= (s.owned+sessions)/10 {
			delete(phases, passing)
		}
	}
	is("phases", fmt.Sprint(phases), "map[]")
	is("storm", p.Shared.Storm, false)
	is("panic", p.Shared.Panic, false)
	is("waiting", p.Waiting, 0)
	all := 0
	for _, e := range p.Shared.Endpoints {
		is("endpoint "+e.Key, e.Health, crowd.Healthy)
		all += e.Connections
	}
	if moving := p.Phases[heal.Moving] + p.Phases[heal.Joining]; moving == 0 && p.Shared.Dialing == 0 {
		is("connections", all, s.owned+sessions)
		is("asking", p.Shared.Asking, 0)
	}
	return strings.Join(out, "; ")
}

// back waits until all is as it should be.
func (s *soak) back(when string) {
	s.Helper()
	begun := time.Now()
	left := s.missing()
	for left != "" && time.Since(begun) < within {
		_ = wait(context.Background(), 20*time.Millisecond)
		left = s.missing()
	}
	if left != "" {
		s.Errorf("%s, after %v: %s\n%+v", when, within, left, s.pool.Snapshot())
		return
	}
	s.Logf("%s: all is back after %v", when, time.Since(begun).Round(time.Millisecond))
}

// healing is how the pool took the standard fault.
type healing struct {
	lost     uint64
	attempts uint64
	took     time.Duration
	starved  time.Duration // for how much of that one who only slept was woken late: the machine had no time for him
}

// standard resets every connection, waits until all are back, and says what that took.
func (s *soak) standard(when string) healing {
	s.Helper()
	s.back(when)
	before := s.pool.Snapshot().Totals
	begun := time.Now()
	for _, server := range s.house.servers {
		for _, v := range server.open() {
			v.reset()
		}
	}
	var h healing
	for time.Since(begun) < within {
		p := s.pool.Snapshot()
		h.lost = sum(p.Totals.Lost) - sum(before.Lost)
		h.attempts = p.Totals.Connected - before.Connected + sum(p.Totals.Failed) - sum(before.Failed)
		h.took = time.Since(begun)
		usable := 0
		for phase, n := range p.Phases {
			if heal.Phase(phase).Usable() {
				usable += n
			}
		}
		if h.lost >= uint64(s.owned+sessions)*9/10 && usable == s.owned+sessions {
			break
		}
		slept := time.Now()
		_ = wait(context.Background(), pause)
		h.starved += max(time.Since(slept)-2*pause, 0)
	}
	s.Logf("%s: %d lost, %d attempts, %.2f windows, starved for %v", when, h.lost, h.attempts, h.windows(), h.starved.Round(time.Millisecond))
	return h
}

const pause = 10 * time.Millisecond

// timely tells whether the time it took says something of the pool: a machine that is busy
// with other things takes its time over everything, and the pool dials the slower for it.
func (h healing) timely() bool { return h.starved < h.took/20 }

// windows is the time in windows over which a storm is spread.
func (h healing) windows() float64 { return h.took.Seconds() / spread.Seconds() }

// perLoss is how many attempts a lost connection took.
func (h healing) perLoss() float64 { return float64(h.attempts) / float64(max(h.lost, 1)) }

func sum(all map[heal.Cause]uint64) (n uint64) {
	for _, x := range all {
		n += x
	}
	return n
}

// judge says what must have held.
func (s *soak) judge(first, last healing) {
	s.Helper()
	for _, id := range s.tally.unsent {
		if s.house.record.has(id) {
			s.house.record.breach("%s was said not to be sent, and a server has it", id)
		}
	}
	found, bad := s.house.record.found()
	assert.Zero(s, bad, "what must not happen: %s", strings.Join(found, "\n"))

	// All are drawn from one window, each needs one attempt, and of 500 draws from it the
	// last is near its end. One that had to try twice, or came by a backoff, or over a window
	// that had grown, is beyond twice that.
	assert.LessOrEqual(s, last.perLoss(), 2*first.perLoss(), "attempts at the end, for each at the start")
	usual := 1.0
	if first.timely() {
		usual = max(first.windows(), usual)
	}
	if last.timely() {
		assert.LessOrEqual(s, last.windows(), 2*usual, "windows at the end, and at the start")
	} else {
		s.Logf("how long it took at the end is not judged: the machine was busy")
	}

	for _, f := range plan(s.seed, s.total) {
		assert.Positive(s, s.house.hits[f.kind].Load(), "%v has met nobody", f.kind)
	}
	s.fetched.Range(func(version, n any) bool {
		assert.EqualValues(s, 1, n.(*atomic.Int64).Load(), "times that credentials in place of %d were asked for", version)
		return true
	})
	assert.Zero(s, s.events[pool.MessagesDropped].Load())
	assert.Equal(s, s.events[pool.StormBegan].Load(), s.events[pool.StormOver].Load(), "storms that began, and ended")

	totals := s.pool.Snapshot().Totals
	s.Logf("%d dials; failed: %v; lost: %v", totals.Dials, totals.Failed, totals.Lost)
	arrived, again := s.house.record.count()
	s.Logf("%d messages arrived, %d of them again; %d pushed; %d requests answered", arrived, again, s.pushes.taken, s.tally.answered)
	for verb, outcomes := range s.tally.outcomes {
		s.Logf("%s: %v", verb, outcomes)
	}
	for k := range s.events {
		if n := s.events[k].Load(); n > 0 {
			s.Logf("%v: %d", pool.EventKind(k), n)
		}
	}
}
