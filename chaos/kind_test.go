package chaos_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
)

// common are the fields that every fault of a scenario has; no attribute is called so.
var common = []string{
	"name", "inject", "on", "at", "for", "share", "by", "connections", "ramp", "flap", "expect",
	"seed", "fault", // on the wire
}

func TestRowsAreWhole(t *testing.T) {
	kinds := chaos.Kinds()
	for _, k := range kinds {
		t.Run(k.Name, func(t *testing.T) {
			found, ok := chaos.Lookup(k.Name)
			require.True(t, ok)
			assert.Equal(t, k.Name, found.Name)
			assert.Equal(t, k.Name, k.New().Kind())
			assert.Contains(t, chaos.Families(), k.Family)
			assert.NotEmpty(t, k.Short)
			assert.NotContains(t, k.Short, "\n")
			assert.NotEmpty(t, k.About)
			assert.NotEmpty(t, k.Evidence)
			assert.NotEmpty(t, k.Conns)
			assert.NotEmpty(t, k.Expect)
			assert.NotEmpty(t, k.Proof, "a fault that nothing proves is no fault of ours")
			assert.GreaterOrEqual(t, k.Reach, 0.0)
			assert.LessOrEqual(t, k.Reach, 1.0)
			assert.Contains(t, k.Example, "inject: "+k.Name)
			assert.NotEmpty(t, k.Backends, "what is not built is not listed")
			for i, s := range k.Backends {
				assert.Contains(t, chaos.Backends(), s.By)
				assert.True(t, k.Reach > 0 || s.Whole, "%s picks clients, so it can tell whom it hit", s.By)
				for _, c := range s.Conns {
					assert.Contains(t, k.Conns, c)
				}
				assert.False(t, slices.ContainsFunc(k.Backends[:i], func(o chaos.Support) bool { return o.By == s.By }), "%s twice", s.By)
			}
			for _, p := range k.Proof {
				assert.NotEmpty(t, p.Words)
			}

			// The parameters are the fields, by name and in order.
			b, err := json.Marshal(k.New())
			require.NoError(t, err)
			var fields map[string]any
			require.NoError(t, json.Unmarshal(b, &fields))
			assert.Len(t, fields, len(k.Params))
			for _, p := range k.Params {
				assert.Contains(t, fields, p.Name)
				assert.NotContains(t, common, p.Name)
				assert.NotEmpty(t, p.Type)
				assert.NotEmpty(t, p.About)
				if p.Max != 0 {
					assert.Less(t, p.Min, p.Max, p.Name)
				}
				if p.Min != 0 || p.Max != 0 {
					assert.NotEmpty(t, p.Unit(), "%s: bounds are for numbers", p.Name)
				}
			}
		})
	}
	_, ok := chaos.Lookup("nonsense")
	assert.False(t, ok)
}

func TestKindsAreInOrder(t *testing.T) {
	var names []string
	for _, f := range chaos.Families() {
		var own []string
		for _, k := range chaos.Kinds() {
			if k.Family == f {
				own = append(own, k.Name)
			}
		}
		assert.True(t, slices.IsSorted(own), "%v", own)
		names = append(names, own...)
	}
	var all []string
	for _, k := range chaos.Kinds() {
		all = append(all, k.Name)
	}
	assert.Equal(t, all, names)
	assert.Contains(t, all, "reset")
}

// What nobody can pick is no lack of a backend.
func TestPartOfAKind(t *testing.T) {
	for _, c := range []struct {
		kind string
		by   chaos.Backend
		want bool
	}{
		{"kill", chaos.ByProcess, false},     // of all clients, as it can be only
		{"refuse", chaos.ByTarget, false},    // by either backend
		{"latency", chaos.ByProxy, false},    // picks
		{"latency", chaos.ByToxiproxy, true}, // picks nobody
		{"ws_close", chaos.ByProxy, true},    // of existing connections alone
	} {
		k, _ := chaos.Lookup(c.kind)
		s, ok := k.By(c.by)
		require.True(t, ok)
		assert.Equal(t, c.want, k.Partly(s), "%s by %s", c.kind, c.by)
	}
}

func TestDirectionsComeFromTheRow(t *testing.T) {
	k, _ := chaos.Lookup("latency")
	assert.Equal(t, []chaos.Direction{chaos.Down, chaos.Both, chaos.Up}, k.Directions())
	k, _ = chaos.Lookup("reset")
	assert.Empty(t, k.Directions())
}

func TestRefusalSaysWhyAndWhatCould(t *testing.T) {
	reset := chaos.Fault{Name: "cut", Share: 1, Effect: chaos.Reset{}}
	fresh := reset
	fresh.Conns = chaos.New
	odd := chaos.Fault{Name: "slow", Share: 1, Conns: "some", Effect: chaos.Latency{Delay: 1}}
	for _, c := range []struct {
		f    chaos.Fault
		by   chaos.Backend
		want string
	}{
		{reset, chaos.ByProxy, ""},
		{reset, chaos.ByKernel, "kernel cannot express reset; proxy could"},
		{fresh, chaos.ByProxy, "reset touches existing connections, not new"},
		{odd, chaos.ByProxy, "latency touches all or existing or new connections, not some"},
		{chaos.Fault{Name: "none"}, chaos.ByProxy, "it has no effect to put in force"},
	} {
		err := chaos.Refusal(c.f, c.by)
		if c.want == "" {
			assert.NoError(t, err)
			continue
		}
		require.Error(t, err)
		assert.True(t, strings.HasPrefix(err.Error(), c.want), err.Error())
	}
}

func TestConns(t *testing.T) {
	for _, c := range []struct {
		conns    chaos.Conns
		old, new bool
	}{{"", true, true}, {chaos.AllConns, true, true}, {chaos.Existing, true, false}, {chaos.New, false, true}} {
		assert.Equal(t, c.old, c.conns.Covers(true), c.conns)
		assert.Equal(t, c.new, c.conns.Covers(false), c.conns)
	}
}

func TestBoundsInWords(t *testing.T) {
	for _, c := range []struct {
		p    chaos.Param
		want string
	}{
		{chaos.Param{Type: "duration"}, ""},
		{chaos.Param{Type: "duration", Min: 1e6, Max: 60e9}, "1ms to 1m0s"},
		{chaos.Param{Type: "share", Max: 0.5}, "0 to 50%"},
		{chaos.Param{Type: "integer", Min: 3}, "at least 3"},
		{chaos.Param{Type: "rate", Min: 1, Max: 20}, "1/s to 20/s"},
	} {
		assert.Equal(t, c.want, c.p.Bounds())
	}
}

func TestMerge(t *testing.T) {
	a := chaos.Evidence{Armed: 5, First: 7, Last: 9, Cleared: 20, Targeted: 2, Hit: 1, Resets: 3, Counts: map[string]int64{"fins": 2}}
	b := chaos.Evidence{Armed: 6, First: 6, Last: 8, Targeted: 1, Hit: 1, ControlHit: 1, Counts: map[string]int64{"fins": 1, "pings": 4}}
	want := chaos.Evidence{
		Armed: 6, First: 6, Last: 9, Targeted: 3, Hit: 2, ControlHit: 1, Resets: 3,
		Counts: map[string]int64{"fins": 3, "pings": 4},
	}
	assert.Equal(t, want, a.Merge(b))
	assert.Equal(t, want, b.Merge(a))
	assert.Equal(t, int64(2), a.Count("fins"), "the parts are left as they were")
	assert.Equal(t, int64(3), a.Count("resets"))
	assert.Zero(t, chaos.Evidence{}.Count("fins"))
}
