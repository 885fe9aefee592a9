package scenarios

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
)

const expecting = "scenario: s\ntargets: {blue: {embedded: }}\nclients: {count: 1}\nfaults:\n  - {name: cut, inject: reset, expect: ["

// TestWhatIsExpected: it is kept as it is written, and must be what the kind's clients see.
func TestWhatIsExpected(t *testing.T) {
	s, err := Parse("s.yaml", []byte(expecting+"reset]}\n"), Options{})
	require.NoError(t, err)
	assert.Equal(t, []chaos.Sight{chaos.SeesReset}, s.Faults[0].Expect)
	again, err := Parse("s.yaml", s.YAML(), Options{})
	require.NoError(t, err)
	assert.Equal(t, s.Faults, again.Faults)

	_, err = Parse("s.yaml", []byte(expecting+"eof]}\n"), Options{})
	assert.EqualError(t, err, "s.yaml:5: faults.cut.expect: expected what a client sees of reset, reset, got eof")
	_, err = Parse("s.yaml", []byte(expecting+"loss]}\n"), Options{})
	assert.ErrorContains(t, err, "s.yaml:5: faults.cut.expect.0: expected ", "a canary waits for each echo and cannot tell it")
}
