package scenarios

import (
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
)

func TestCohorts(t *testing.T) {
	s, err := Parse("c.yaml", []byte(`
scenario: cohorts
seed: 9
targets: {blue: {embedded: }, green: {embedded: }, idle: {embedded: }}
clients: {count: 1001, endpoints: [{target: blue}, {target: green, priority: 1}]}
faults:
  - {name: a, inject: reset, on: blue, share: 20%}
  - {name: b, inject: reset, on: green, share: 30%}
  - {name: c, inject: reset, on: idle, share: 100%}
`), Options{})
	require.NoError(t, err)
	bits, err := base64.StdEncoding.DecodeString(s.ControlBitmap())
	require.NoError(t, err)
	require.Len(t, bits, 126)
	sizes := map[string]int{}
	for client := range 1001 {
		a, b := chaos.InCohort(9, "a", uint64(client), 0.2), chaos.InCohort(9, "b", uint64(client), 0.3)
		assert.Equal(t, a || b, s.Faulted(client))
		assert.Equal(t, !(a || b), bits[client/8]>>(client%8)&1 == 1)
		if a {
			sizes["a"]++
		}
		if b {
			sizes["b"]++
		}
	}
	assert.Zero(t, bits[125]>>1, "no bits beyond the last client")
	assert.Equal(t, sizes["a"], s.CohortSize(s.Faults[0]))
	assert.Equal(t, sizes["b"], s.CohortSize(s.Faults[1]))
	assert.Zero(t, s.CohortSize(s.Faults[2]), "nobody dials its target")
	assert.InDelta(t, 200, sizes["a"], 50)
}

func TestNoControlCohort(t *testing.T) {
	s, err := Open("reset-storm", Options{})
	require.NoError(t, err)
	assert.Empty(t, s.ControlBitmap())
	s, err = Open("steady", Options{})
	require.NoError(t, err)
	assert.False(t, s.Faulted(0))
	assert.NotEmpty(t, s.ControlBitmap())
}
