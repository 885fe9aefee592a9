package target

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sinceNow is a clock of the bubble.
func sinceNow() func() int64 {
	zero := time.Now()
	return func() int64 { return 1 + int64(time.Since(zero)) }
}

// TestPickedAreSoManyExactly of each so many, spread over it, and others by another seed.
func TestPickedAreSoManyExactly(t *testing.T) {
	for _, x := range []struct{ n, of int }{{1, 1}, {1, 100}, {37, 1000}, {37, 40}, {40, 40}, {3, 7}} {
		same := 0
		for block := range 20 {
			var at []int
			for i := range x.of {
				one := picked(1, uint64(block*x.of+i), x.n, x.of)
				if one {
					at = append(at, i)
				}
				if one == picked(2, uint64(block*x.of+i), x.n, x.of) {
					same++
				}
			}
			require.Len(t, at, x.n, "%+v, block %d", x, block)
			for j, i := range at {
				require.Equal(t, j, i*x.n/x.of, "%+v: one in each part", x)
			}
		}
		if x.n < x.of {
			assert.Less(t, same, 20*x.of, "%+v: the seed has no say", x)
		}
	}
	assert.False(t, picked(1, 0, 0, 100))
	assert.False(t, picked(1, 0, 1, 0))
}

// TestLateRepliesAreLateByJustThat, as many as there shall be, and nobody waits behind them.
func TestLateRepliesAreLateByJustThat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := inMemory(t, Options{Clock: sinceNow(), Replies: Replies{Seed: 7, LateEach: 10, LateBy: 200 * time.Millisecond}})
		p := w.upgraded("1/1")
		var late []string
		for i := range 100 {
			text := fmt.Sprint(i)
			if i%3 == 0 { // whatever it comes in
				p.frame(ws.OpText, false, text)
				p.frame(ws.OpContinuation, true, "!")
			} else {
				p.frame(ws.OpText, true, text)
			}
			if picked(^uint64(7), uint64(i), 1, 10) {
				late = append(late, text)
				continue
			}
			if i%3 == 0 {
				p.want(ws.OpText, false, text)
				p.want(ws.OpContinuation, true, "!")
			} else {
				p.want(ws.OpText, true, text)
			}
		}
		require.Len(t, late, 10)
		began := time.Now()
		for range late {
			h, err := ws.ReadHeader(p.r)
			require.NoError(t, err)
			if _, err = p.r.Discard(int(h.Length)); !h.Fin {
				require.NoError(t, err)
				p.want(ws.OpContinuation, true, "!")
			}
		}
		assert.Equal(t, 200*time.Millisecond, time.Since(began))
		synctest.Wait()
		assert.Equal(t, &RepliesDone{Read: 100, Late: 10, LateP50: 200e6, LateP90: 200e6, LateMin: 200e6}, w.Stats().Replies)
		assert.EqualValues(t, 100, w.Stats().Messages)
	})
}

// TestLateReplyOfAConnectionThatEndsIsNotSent, and nobody waits for it.
func TestLateReplyOfAConnectionThatEndsIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := inMemory(t, Options{Clock: sinceNow(), Replies: Replies{LateEach: 1, LateBy: time.Hour}})
		p := w.upgraded("1/1")
		p.frame(ws.OpText, true, "a")
		synctest.Wait()
		began := time.Now()
		p.frame(ws.OpClose, true, "")
		p.want(ws.OpClose, true, "")
		w.stop()
		assert.Zero(t, time.Since(began))
		assert.Equal(t, &RepliesDone{Read: 1, Unanswered: 1}, w.Stats().Replies)
	})
}

func TestLostRepliesAreAsManyAsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := inMemory(t, Options{Replies: Replies{Seed: 7, Lost: 37, LostOf: 100}})
		p := w.upgraded("1/1")
		got := 0
		for i := range 200 {
			p.frame(ws.OpBinary, true, "x")
			if !picked(7, uint64(i), 37, 100) {
				p.want(ws.OpBinary, true, "x")
				got++
			}
		}
		p.frame(ws.OpPing, true, "still there")
		p.want(ws.OpPong, true, "still there")
		assert.Equal(t, 126, got)
		assert.Equal(t, &RepliesDone{Read: 200, Lost: 74}, w.Stats().Replies)
		assert.EqualValues(t, 126, w.Stats().Messages)
	})
}

// TestPauseServesNobodyForJustThatLong: everybody is parted from behind the message that it
// comes after, and let in when it is over.
func TestPauseServesNobodyForJustThatLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := inMemory(t, Options{Clock: sinceNow(), Replies: Replies{PauseAfter: 3, Pause: 2 * time.Second}})
		p, q := w.upgraded("1/1"), w.upgraded("2/1")
		for range 3 {
			p.frame(ws.OpText, true, "a")
			p.want(ws.OpText, true, "a")
		}
		began := time.Now()
		p.want(ws.OpClose, true, "\x03\xf4")
		q.want(ws.OpClose, true, "\x03\xf4")
		q.frame(ws.OpText, true, "too late")
		for _, x := range []*peer{p, q} {
			x.frame(ws.OpClose, true, "\x03\xf4")
			x.wantEnd()
		}
		time.Sleep(500 * time.Millisecond)
		r := w.upgraded("1/2")
		assert.Equal(t, 2*time.Second, time.Since(began))
		r.frame(ws.OpText, true, "a")
		r.want(ws.OpText, true, "a")
		assert.Equal(t, &RepliesDone{Read: 4, Unanswered: 1, Paused: 2e9}, w.Stats().Replies)
		w.upgraded("3/1")
		assert.Equal(t, 2*time.Second, time.Since(began), "there is one pause")
	})
}

func TestRepliesAreJudged(t *testing.T) {
	for want, all := range map[string][]Replies{
		"replies.late_each: expected it and late_by above 0":     {{LateEach: 100}, {LateBy: 1}, {LateEach: -1, LateBy: -1}},
		"replies.lost: expected it and lost_of above 0":          {{Lost: 1}, {LostOf: 1}, {Lost: -1, LostOf: -1}},
		"replies.lost: expected no more than lost_of":            {{Lost: 38, LostOf: 37}},
		"replies.pause_after: expected it and pause above 0, or": {{PauseAfter: 1}, {Pause: 1}, {PauseAfter: -1, Pause: -1}},
	} {
		for _, r := range all {
			_, err := New(Options{Replies: r})
			assert.ErrorContains(t, err, want)
		}
	}
}
