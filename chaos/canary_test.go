package chaos_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
)

func TestCanariesAreDrawnAsClientsAre(t *testing.T) {
	half := chaos.Fault{Name: "cut", Seed: 42, Share: 0.5}
	other := chaos.Fault{Name: "slow", Seed: 42, Share: 0.5}
	for _, in := range []bool{true, false} {
		n, ok := chaos.CanaryFor(half, in, []chaos.Fault{other})
		require.True(t, ok)
		assert.True(t, chaos.IsCanary(n))
		assert.Equal(t, in, chaos.InCohort(42, "cut", n, 0.5))
		assert.False(t, chaos.InCohort(42, "slow", n, 0.5))
	}
	all := chaos.Fault{Name: "cut", Seed: 42, Share: 1}
	_, ok := chaos.CanaryFor(all, false, nil)
	assert.False(t, ok, "nobody is outside")
	_, ok = chaos.CanaryFor(half, true, []chaos.Fault{{Name: "all", Seed: 42, Share: 1}})
	assert.False(t, ok, "nobody is touched by the one alone")
	assert.False(t, chaos.IsCanary(1<<20))
	assert.False(t, chaos.IsCanary(1<<63), "who does not say who it is")
}

func TestCanariesTakeFromWhatWasConfirmed(t *testing.T) {
	k, _ := chaos.Lookup("reset")
	expect := []chaos.Sight{chaos.SeesReset}
	sees := func(s ...chaos.Sight) []chaos.Sight { return s }
	for _, c := range []struct {
		canary chaos.Canary
		state  chaos.State
		why    string
	}{
		{chaos.Canary{Cohort: sees(chaos.SeesReset), Sent: true}, chaos.Confirmed, "counted; a canary of its cohort saw reset, one outside it nothing"},
		{chaos.Canary{Cohort: sees(chaos.SeesReset)}, chaos.Confirmed, "counted; a canary saw reset"},
		{chaos.Canary{Cohort: sees(chaos.SeesReset), Outside: sees(chaos.SeesSlow), Sent: true}, chaos.Confirmed, "counted; a canary of its cohort saw reset, one outside it nothing"},
		{chaos.Canary{Sent: true}, chaos.NoEffect, "the canary of its cohort saw nothing, expected reset (counted)"},
		{chaos.Canary{Cohort: sees(chaos.SeesReset, chaos.SeesEOF)}, chaos.Unexpected, "the canary of its cohort saw reset, eof, expected reset (counted)"},
		{chaos.Canary{Cohort: sees(chaos.SeesReset), Outside: sees(chaos.SeesReset), Sent: true}, chaos.Unexpected, "the canary outside its cohort saw reset (counted)"},
	} {
		state, why := c.canary.Judge(expect, k, chaos.Confirmed, "counted")
		assert.Equal(t, c.state, state)
		assert.Equal(t, c.why, why)
		state, why = c.canary.Judge(expect, k, chaos.Partial, "counted")
		assert.Equal(t, chaos.Partial, state, "what was not confirmed stays so")
		assert.Equal(t, "counted", why)
	}
}
