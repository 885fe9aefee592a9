package chaos_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
)

func zoneOf(how string) chaos.Fault {
	z := chaos.Zone{Zone: "a", How: how}
	f := chaos.Fault{Name: "az", Share: 1, Seed: 7, For: 5, Effect: z}
	f.Parts = []chaos.Fault{z.Part(f, "blue"), z.Part(f, "green")}
	return f
}

// TestZoneFailsByKindsThatLast: each kind that a zone can fail by can be all that a part is.
func TestZoneFailsByKindsThatLast(t *testing.T) {
	zone, _ := chaos.Lookup("zone")
	i := slices.IndexFunc(zone.Params, func(p chaos.Param) bool { return p.Name == "how" })
	for how := range strings.SplitSeq(zone.Params[i].Type, " | ") {
		k, ok := chaos.Lookup(how)
		require.True(t, ok, how)
		assert.False(t, k.Once, "%s would have nothing to clear", how)
		f := zoneOf(how)
		assert.Equal(t, []string{"blue", "green"}, f.Targets())
		assert.Equal(t, k.Expect, f.Sights())
		for _, s := range f.Sights() {
			assert.Contains(t, zone.Expect, s, "%s is seen of %s", s, how)
		}
		for _, p := range f.Parts {
			assert.Equal(t, how, p.Effect.Kind())
			assert.Empty(t, p.Effect.Check())
			assert.NoError(t, chaos.Refusal(p, k.Backends[0].By), how)
			assert.Equal(t, "az."+p.On, p.Name)
			assert.Equal(t, []any{f.Seed, f.For}, []any{p.Seed, p.For})
			assert.Empty(t, p.Parts)
		}
		assert.NoError(t, chaos.Refusal(f, chaos.ByParts))
	}
	half := zoneOf("kill")
	half.Share = 0.5
	assert.ErrorContains(t, chaos.Refusal(half, chaos.ByParts), "cannot pick clients")
}

// TestZoneIsConfirmedWhenEachPartIs, and by nothing less.
func TestZoneIsConfirmedWhenEachPartIs(t *testing.T) {
	f := zoneOf("kill")
	gone := chaos.Evidence{Armed: 1, Cleared: 9, Counts: map[string]int64{"killed": 1, "cut": 3}}
	empty := chaos.Evidence{Armed: 1, Cleared: 9, Counts: map[string]int64{"killed": 1}}
	never := chaos.Evidence{}
	stuck := chaos.Evidence{Armed: 1, Counts: map[string]int64{"killed": 1, "cut": 3}}
	for _, c := range []struct {
		blue, green chaos.Evidence
		want        chaos.State
		why         string
	}{
		{gone, gone, chaos.Confirmed, "2 of 2 parts confirmed: blue 1 process killed, which held 3 connections; green 1 process killed, which held 3 connections"},
		{gone, empty, chaos.Partial, "1 of 2 parts confirmed: blue 1 process killed, which held 3 connections; green no effect, 0 connections that it held"},
		{never, gone, chaos.Partial, "1 of 2 parts confirmed: blue no effect, it was never in force; green 1 process killed, which held 3 connections"},
		{empty, never, chaos.NoEffect, "0 of 2 parts confirmed: blue no effect, 0 connections that it held; green no effect, it was never in force"},
		{gone, stuck, chaos.NotCleared, "1 of 2 parts confirmed: blue 1 process killed, which held 3 connections; green not cleared, 1 process killed, which held 3 connections; it is still in force"},
	} {
		e := chaos.Evidence{Armed: 1, Cleared: 9, Parts: []chaos.PartEvidence{{Fault: f.Parts[0], Evidence: c.blue}, {Fault: f.Parts[1], Evidence: c.green}}}
		state, why := e.Judge(f, true)
		assert.Equal(t, c.want, state)
		assert.Equal(t, c.why, why)
	}
	split := zoneOf("partition")
	wrong := chaos.Evidence{Armed: 1, Cleared: 9, Targeted: 1, Hit: 1, ControlHit: 1, HeldChunks: 1}
	e := chaos.Evidence{Armed: 1, Parts: []chaos.PartEvidence{{Fault: split.Parts[0], Evidence: wrong}, {Fault: split.Parts[1], Evidence: stuck}}}
	state, _ := e.Judge(split, true)
	assert.Equal(t, chaos.Unexpected, state, "it acted on the control")
}
