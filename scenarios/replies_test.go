package scenarios

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRepliesAreReadBack(t *testing.T) {
	for _, r := range []Replies{
		{Seed: 1},
		{Seed: 1 << 63, LateEach: 100, LateBy: 200 * time.Millisecond, Lost: 37, LostOf: 10000, PauseAfter: 3000, Pause: 2 * time.Second},
	} {
		got, err := ParseReplies(r.String())
		require.NoError(t, err)
		assert.Equal(t, r, got)
	}
}

func TestParseRepliesTellsEverything(t *testing.T) {
	_, err := ParseReplies("{late_each: 100, lost: 38, lost_of: 37, pause: 2s, paus: 1}")
	assert.EqualError(t, err, `replies:1: paus: there is no such field; did you mean pause?
replies:1: late_each: expected late_each and late_by together, or neither
replies:1: lost: expected no more than the 37 of which they are, got 38
replies:1: pause_after: expected pause_after and pause together, or neither`)
	_, err = ParseReplies("{lost: 1}")
	assert.EqualError(t, err, "replies:1: lost: expected lost and lost_of together, or neither")
	_, err = ParseReplies("{")
	assert.ErrorContains(t, err, "expected YAML: ")
}
