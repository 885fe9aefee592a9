package report

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A journal whose clock stands still cannot make the reader hold all of it, and loses
// nothing.
func TestHeldBackIsBounded(t *testing.T) {
	var s sorter
	out, most := 0, 0
	step := &Step{}
	for range heldMost + 1000 {
		s.push(Record{T: 5, Step: step}, 0)
		for _, ok := s.pop(false); ok; _, ok = s.pop(false) {
			out++
		}
		most = max(most, s.held())
	}
	assert.Equal(t, heldMost, most)
	for _, ok := s.pop(true); ok; _, ok = s.pop(true) {
		out++
	}
	assert.Equal(t, heldMost+1000, out)
}

// Records of one moment have the order of cause and effect: what sums up the time before
// it, the edges, and then what happens, of each client in the order in which it did.
func TestOrderOfOneMoment(t *testing.T) {
	var s sorter
	for i, rec := range []Record{
		{T: 5, End: &End{}},
		{T: 5, Step: &Step{Client: 2, Event: "first"}},
		{T: 5, Step: &Step{Client: 1, Event: "first"}},
		{T: 5, Step: &Step{Client: 2, Event: "second"}},
		{T: 5, Fault: &Fault{Name: "b"}},
		{T: 5, Fault: &Fault{Name: "a"}},
		{T: 5, Phase: &Phase{Name: "z"}},
		{T: 5, Phase: &Phase{Name: "y"}},
		{T: 5, Load: &Load{From: 4}},
		{T: 4, Note: &Note{Text: "before"}},
	} {
		s.push(rec, int64(i))
	}
	var lines []int64
	for e, ok := s.pop(true); ok; e, ok = s.pop(true) {
		lines = append(lines, e.line)
	}
	assert.Equal(t, []int64{9, 8, 6, 7, 5, 4, 2, 1, 3, 0}, lines)
}

// However far records are out of order, they are given in the one order that they have,
// as often as they came, and none too early.
func TestOrderOfAnything(t *testing.T) {
	for seed := range uint64(10) {
		rng := rand.New(rand.NewPCG(seed, 1))
		spread := []int64{10, int64(time.Millisecond), disorder / 2, disorder, 3 * disorder}[seed%5]
		var s sorter
		var in, out []entry
		take := func(all bool) {
			for e, ok := s.pop(all); ok; e, ok = s.pop(all) {
				if !all && e.t > s.last-disorder {
					require.Fail(t, "given too early", "at %d, when the latest was %d", e.t, s.last)
				}
				out = append(out, e)
			}
			if len(in) != len(out)+s.held() {
				require.Fail(t, "records are lost", "%d in, %d out, %d held", len(in), len(out), s.held())
			}
		}
		for i := range int64(3000) {
			rec := Record{T: i*int64(time.Millisecond) + rng.Int64N(spread), Step: &Step{Client: rng.IntN(3)}}
			if i%50 == 0 {
				rec.Step, rec.Phase = nil, &Phase{}
			}
			s.push(rec, i)
			in = append(in, entry{t: rec.T, seq: i + 1, line: i, step: rec.Step, other: &rec})
			take(false)
		}
		take(true)
		if spread <= disorder {
			slices.SortFunc(in, func(a, b entry) int {
				if a.before(&b) {
					return -1
				}
				return 1
			})
		} else { // what came too late is given at once: then the order is only that of lines of a time
			slices.SortFunc(in, func(a, b entry) int { return cmp.Compare(a.line, b.line) })
			slices.SortFunc(out, func(a, b entry) int { return cmp.Compare(a.line, b.line) })
		}
		lines := func(all []entry) (n []int64) {
			for _, e := range all {
				n = append(n, e.line)
			}
			return n
		}
		assert.Equal(t, lines(in), lines(out), "seed %d", seed)
	}
}
