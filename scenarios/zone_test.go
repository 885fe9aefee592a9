package scenarios

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
)

const zonal = `scenario: zonal
targets:
  blue: {embedded: {}, zone: a}
  green: {embedded: {}, zone: b}
  red: {embedded: {}, zone: a}
  white: {url: "ws://127.0.0.1:9001/", zone: c}
clients: {count: 10, endpoints: [{target: red}, {target: green, priority: 1}]}
faults: [{name: az, inject: zone, zone: a, at: chaos+1s, for: 3s}]
`

// TestZone is all of its targets, each broken by what can, and by nothing else.
func TestZone(t *testing.T) {
	s, err := Parse("zonal.yaml", []byte(zonal), Options{})
	require.NoError(t, err)
	f := s.Faults[0]
	assert.Equal(t, chaos.ByParts, f.By)
	assert.Empty(t, f.On)
	require.Len(t, f.Parts, 2)
	for i, on := range []string{"blue", "red"} {
		p := f.Parts[i]
		assert.Equal(t, []any{on, chaos.Kill{}, chaos.ByProcess, f.For, 1.0}, []any{p.On, p.Effect, p.By, p.For, p.Share})
	}
	assert.True(t, s.Needs(chaos.ByProcess), "its parts do")
	assert.False(t, s.Proxied())
	assert.True(t, s.Touches(f, 3), "clients dial red")
	assert.Equal(t, 10, s.CohortSize(f))

	again, err := Parse("zonal.yaml", s.YAML(), Options{})
	require.NoError(t, err)
	assert.Equal(t, s.Faults, again.Faults)
	assert.Equal(t, s.Targets, again.Targets)

	s, err = Parse("zonal.yaml", []byte(strings.Replace(zonal, "zone: a, at", "zone: a, how: partition, expect: [half-open], at", 1)), Options{})
	require.NoError(t, err)
	assert.True(t, s.Proxied())
}

// TestZoneThatCannotFailIsRefused, with the reason at its place.
func TestZoneThatCannotFailIsRefused(t *testing.T) {
	for _, c := range [][2]string{
		{"zone: d", "faults.az.zone: no target is in zone d; zones are a, b, c"},
		{"zone: c", "faults.az.how: process needs a target that the run starts, which white is not"},
		{"zone: a, how: latency", "faults.az.how: expected kill, pause, partition, half_open, refuse or kernel_partition, got latency"},
		{"zone: a, on: blue", "faults.az.on: expected none: the targets of a zone say that they are in it"},
		{"zone: a, how: partition, share: 50%", "faults.az.inject: parts cannot pick clients: its zone is of all of them"},
		{"zone: a, how: kill, expect: [half-open]", "faults.az.expect: expected what a client sees of zone, reset or eof or refused, got half-open"},
		{"how: kill", "faults.az.zone: required: that fails; targets name theirs"},
	} {
		_, err := Parse("zonal.yaml", []byte(strings.Replace(zonal, "zone: a, at", c[0]+", at", 1)), Options{})
		require.Error(t, err, c[0])
		assert.Equal(t, "zonal.yaml:8: "+c[1], err.Error())
	}
	bare := strings.NewReplacer(", zone: a}", "}", ", zone: b}", "}", ", zone: c}", "}").Replace(zonal)
	_, err := Parse("zonal.yaml", []byte(bare), Options{})
	assert.EqualError(t, err, "zonal.yaml:8: faults.az.zone: expected targets in zone a (targets.NAME.zone), no target has a zone")
}
