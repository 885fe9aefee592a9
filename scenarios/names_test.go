package scenarios

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
)

const nominal = `scenario: nominal
targets:
  blue: {embedded: {}, host: blue.test}
  green: {embedded: {}}
clients: {count: 10, endpoints: [{target: blue}]}
faults: [{name: gone, inject: dns, on: blue, at: chaos}]
`

// TestNames are read and written, and faults of them are the resolver's.
func TestNames(t *testing.T) {
	s, err := Parse("nominal.yaml", []byte(nominal), Options{})
	require.NoError(t, err)
	assert.True(t, s.Named())
	assert.False(t, s.Proxied())
	assert.Equal(t, "blue.test", s.Targets[0].Host)
	assert.Equal(t, chaos.ByResolver, s.Faults[0].By)
	assert.Equal(t, chaos.DNS{Answer: chaos.NXDomain, To: chaos.Nobody}, s.Faults[0].Effect)
	again, err := Parse("nominal.yaml", s.YAML(), Options{})
	require.NoError(t, err)
	assert.Equal(t, s.Faults, again.Faults)
	assert.Equal(t, s.Targets, again.Targets)
}

// TestNamesThatCannotBe, and faults of names that there are not, are refused at their place.
func TestNamesThatCannotBe(t *testing.T) {
	for _, c := range [][3]string{
		{"on: blue", "on: green", "6: faults.gone.inject: resolver needs a target that has a name, which green has not: expected targets.green.host"},
		{"at: chaos", "at: chaos, share: 50%", "6: faults.gone.inject: resolver cannot pick clients: its dns is of all of them"},
		{"at: chaos", "at: chaos, answer: moved, to: red", "6: faults.gone.to: there is no target red; targets are blue, green"},
		{"at: chaos", "at: chaos, to: green", "6: faults.gone.to: to is only with answer: moved"},
		{"at: chaos", "at: chaos, answer: right", "6: faults.gone.inject: delay 0s and the right answer is no fault"},
		{"at: chaos", "at: chaos, answer: none, delay: 1s", "6: faults.gone.delay: delay is of an answer, and there is none"},
		{"at: chaos", "at: chaos, connections: all", "6: faults.gone.connections: expected new, got all"},
		{"green: {embedded: {}}", "green: {embedded: {}, host: blue.test}", "4: targets.green.host: expected a name of its own; it is that of target blue"},
		{"blue.test", "example.com", `3: targets.blue.host: expected a name under .test such as blue.test, in lower case, got example.com`},
		{"blue.test", "a.b.test", `3: targets.blue.host: expected a name under .test such as blue.test, in lower case, got a.b.test`},
	} {
		_, err := Parse("nominal.yaml", []byte(strings.Replace(nominal, c[0], c[1], 1)), Options{})
		require.Error(t, err, c[1])
		assert.Equal(t, "nominal.yaml:"+c[2], strings.Split(err.Error(), "\n")[0])
	}
}
