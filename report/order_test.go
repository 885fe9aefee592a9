package report

import (
	"testing"

	"github.com/stretchr/testify/assert"
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
		most = max(most, len(s.held))
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
