package engine_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/internal/inprocess"
	"github.com/wsheal/wsheal/pool/heal"
	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/scenarios"
)

// TestCanariesSeeTheFault: one of the cohort what it does, one outside it nothing; and
// neither is counted among the fleet.
func TestCanariesSeeTheFault(t *testing.T) {
	t.Parallel()
	for fault, why := range map[string]string{
		"{name: it, inject: reset, at: chaos, share: 50%, expect: [reset]}":                                          "; a canary of its cohort saw reset, one outside it nothing",
		"{name: it, inject: reset, at: chaos, expect: [reset]}":                                                      "; a canary saw reset",
		"{name: it, inject: latency, at: chaos, for: 4s, share: 50%, delay: 200ms, expect: [slow]}":                  "; a canary of its cohort saw slow, one outside it nothing",
		"{name: it, inject: partition, at: chaos, for: 4s, share: 50%, direction: up, expect: [half-open, timeout]}": "; a canary of its cohort saw (half-open|timeout)",
		"{name: it, inject: slow_consumer, at: chaos, for: 4s, share: 50%, rate: 100, expect: [slow]}":               "; a canary of its cohort saw slow, one outside it nothing",
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			s := seen(t, fault)
			inprocess.New(t).Judge(s, func(t testing.TB, sum *report.Summary) {
				require.Len(t, sum.Faults, 1)
				assert.Equal(t, string(chaos.Confirmed), sum.Faults[0].State, sum.Faults[0].Why)
				assert.Regexp(t, why, sum.Faults[0].Why)
				assert.Equal(t, s.CohortSize(s.Faults[0]), sum.Faults[0].Evidence.Targeted, "of the fleet alone")
				assert.Zero(t, sum.Faults[0].Evidence.ControlHit)
			})
		})
	}
}

// TestCanarySeesANameLost: it comes anew each time, and asks for the name as the fleet does.
func TestCanarySeesANameLost(t *testing.T) {
	t.Parallel()
	for dns, want := range map[string]string{
		"answer: servfail, expect: [dns]":             "; a canary saw dns",
		"answer: right, delay: 500ms, expect: [slow]": "; a canary saw slow",
		"answer: moved, to: green, delay: 1ms":        "queries answered falsely",
	} {
		t.Run(dns, func(t *testing.T) {
			t.Parallel()
			s := seen(t, "{name: it, inject: dns, on: blue, at: chaos, "+dns+"}, {name: cut, inject: reset, on: blue, at: chaos+100ms}",
				"targets={blue: {embedded: {}, host: blue.test}, green: {embedded: {}}}", "clients={count: 20, ramp: 200ms, policy: naive, endpoints: [{target: blue}]}")
			w := inprocess.New(t)
			w.Judge(s, func(t testing.TB, sum *report.Summary) {
				require.Len(t, sum.Faults, 2)
				assert.Equal(t, string(chaos.Confirmed), sum.Faults[0].State, sum.Faults[0].Why)
				assert.Regexp(t, want, sum.Faults[0].Why)
				assert.Equal(t, string(chaos.Confirmed), sum.Faults[1].State, sum.Faults[1].Why)
				if s.Faults[0].Expect == nil {
					most := 0
					records(t, w, func(r report.Record) {
						if r.Target != nil && r.Target.Name == "green" {
							most = max(most, int(r.Target.Live))
						}
					})
					assert.Equal(t, 20, most, "all came to the other target")
				}
			})
		})
	}
}

// TestCanarySeesAZoneFail, each of whose targets has.
func TestCanarySeesAZoneFail(t *testing.T) {
	t.Parallel()
	s := seen(t, "{name: it, inject: zone, zone: a, how: partition, at: chaos, expect: [half-open, timeout]}",
		"targets={blue: {embedded: {}, zone: a}, red: {embedded: {}, zone: a}, green: {embedded: {}}}",
		"clients.endpoints=[{target: blue}, {target: red}, {target: green, priority: 1}]")
	inprocess.New(t).Judge(s, func(t testing.TB, sum *report.Summary) {
		assert.Equal(t, string(chaos.Confirmed), sum.Faults[0].State, sum.Faults[0].Why)
		assert.Contains(t, sum.Faults[0].Why, "2 of 2 parts confirmed: blue it acted on ")
		assert.Contains(t, sum.Faults[0].Why, "; red it acted on ")
		assert.Regexp(t, "; a canary saw (half-open|timeout)", sum.Faults[0].Why)
		assert.Contains(t, sum.Faults[0].Why, "the proxy acknowledged meanwhile")
		assert.Equal(t, "blue, red", sum.Faults[0].On)
	})
}

// TestCanariesComeAnew to a fault of new connections, each time, and no other fault's
// cohort has them.
func TestCanariesComeAnew(t *testing.T) {
	t.Parallel()
	s := seen(t, "{name: cut, inject: reset, at: chaos+1s, share: 50%}, {name: it, inject: upgrade_reject, by: proxy, at: chaos, share: 50%, status: 502, expect: [status]}",
		"clients={count: 20, ramp: 200ms, policy: naive}") // which redials at once, when it is in force
	inprocess.New(t).Judge(s, func(t testing.TB, sum *report.Summary) {
		require.Len(t, sum.Faults, 2)
		assert.Equal(t, string(chaos.Confirmed), sum.Faults[1].State, sum.Faults[1].Why)
		assert.Contains(t, sum.Faults[1].Why, "; a canary of its cohort saw status, one outside it nothing")
	})
}

// TestCanaryThatSeesNothing: what the counters confirm is not believed when a client
// does not see what it must.
func TestCanaryThatSeesNothing(t *testing.T) {
	t.Parallel()
	// It is never idle itself, and the fleet is.
	s := seen(t, "{name: it, inject: idle_drop, at: chaos, idle: 1500ms, then: rst, expect: [reset]}", "load.rate=1/s")
	inprocess.New(t).Judge(s, func(t testing.TB, sum *report.Summary) {
		assert.Equal(t, string(chaos.NoEffect), sum.Faults[0].State, sum.Faults[0].Why)
		assert.Contains(t, sum.Faults[0].Why, "the canary of its cohort saw ")
		assert.Contains(t, sum.Faults[0].Why, ", expected reset (it acted on ")
	})
}

// seen is a small run with one fault.
func seen(t *testing.T, fault string, more ...string) *scenarios.Scenario {
	t.Helper()
	s, err := scenarios.Open("reset-storm", scenarios.Options{Set: append([]string{
		"clients={count: 20, ramp: 200ms}", "load.rate=200/s", "hold=200ms",
		"phases={warmup: 1s, baseline: 1s, chaos: 4s, recovery: 2s}", "steady_state=[]", "gates=[]", "faults=[" + fault + "]",
	}, more...)})
	require.NoError(t, err)
	return s
}

// TestSightsAreCauses: what ends a connection has one word, in the catalogue and where a
// client heals.
func TestSightsAreCauses(t *testing.T) {
	for _, k := range chaos.Kinds() {
		for _, s := range k.Expect {
			if s.Ends() {
				_, ok := heal.ParseCause(string(s))
				assert.True(t, ok, "%s of %s", s, k.Name)
			}
		}
	}
}
