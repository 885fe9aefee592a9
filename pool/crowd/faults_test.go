package crowd

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/wsheal/wsheal/pool/heal"
)

func TestPolicyFaults(t *testing.T) {
	assert.Empty(t, (&Policy{}).Faults(), "every zero is a default")
	assert.Empty(t, (&Policy{RebalanceAt: -1}).Faults(), "never")
	p := (&Policy{}).complete()
	assert.Empty(t, p.Faults())
	assert.Equal(t, p, p.complete())

	bad := Policy{
		Balance: 9, StormShare: 1.1, StormLeast: -1, StormWindow: -1, StormSpread: 25 * time.Hour,
		Dials: -1, EndpointDials: -1, LatencyFactor: 1, Budget: math.NaN(), BudgetCost: math.Inf(1), Floor: -1,
		EjectAfter: -1, EjectFor: 25 * time.Hour, EjectCap: time.Second, EjectShare: -0.1, Probes: -1, ProbeLease: -1,
		WarmUp: -1, PanicBelow: math.NaN(), FailbackHold: -1, RebalanceAt: 1, RebalanceAfter: -1, RebalanceRate: 2,
	}
	var fields []string
	for _, err := range bad.Faults() {
		var f heal.Fault
		assert.True(t, errors.As(err, &f))
		assert.NotEmpty(t, f.Want)
		fields = append(fields, f.Field)
	}
	assert.Equal(t, []string{
		"shared.balance", "shared.storm.share", "shared.storm.least", "shared.storm.window", "shared.storm.spread",
		"shared.admission.dials", "shared.admission.endpoint_dials", "shared.admission.latency_factor",
		"shared.budget.tokens", "shared.budget.cost", "shared.budget.floor",
		"shared.ejection.after", "shared.ejection.for", "shared.ejection.cap", "shared.ejection.share", "shared.ejection.probes",
		"shared.ejection.probe_lease", "shared.ejection.panic_below", "shared.warm_up", "shared.failback",
		"shared.rebalance.at", "shared.rebalance.after", "shared.rebalance.rate",
	}, fields)
}

func TestSizePolicyFaults(t *testing.T) {
	assert.Empty(t, (&SizePolicy{Max: 1}).Faults())
	var got []string
	for _, p := range []SizePolicy{
		{},
		{Min: -1, Max: 1},
		{Min: 5, Max: 4},
		{Max: 1, Load: -1},
		{Max: 1, GrowAt: 1.1},
		{Max: 1, GrowAt: 0.2},
		{Max: 1, ShrinkAt: 0.8},
		{Max: 1, IdleAfter: -1},
		{Max: 1, ShrinkStep: -1},
	} {
		for _, err := range p.Faults() {
			got = append(got, err.Error())
		}
	}
	assert.Equal(t, []string{
		"size.max: expected a number of at least 1, got 0",
		"size.min: expected a number of at least 0, got -1",
		"size.max: expected a number of at least 5, got 4",
		"size.load: expected a number above 0, or 0 for the default, got -1",
		"size.grow_at: expected a share of at most 1, or 0 for the default, got 1.1",
		"size.shrink_at: expected less than where it grows, 0.2, got 0.3",
		"size.shrink_at: expected less than where it grows, 0.8, got 0.8",
		"size.idle_after: expected a duration above 0, at most 24h, or 0 for the default, got -1ns",
		"size.shrink_step: expected a share of at most 1, or 0 for the default, got -1",
	}, got)
}

func TestNames(t *testing.T) {
	for k := Asked; k <= Ticked; k++ {
		got, ok := ParseEventKind(k.String())
		assert.True(t, ok)
		assert.Equal(t, k, got)
	}
	for b := PowerOfTwo; b <= LeastConnections; b++ {
		got, ok := ParseBalance(b.String())
		assert.True(t, ok)
		assert.Equal(t, b, got)
	}
	_, ok := ParseBalance("random")
	assert.False(t, ok)
	assert.Equal(t, "report", Report.String())
	assert.Equal(t, "budget back", BudgetBack.String())
	assert.Equal(t, "removed", Removed.String())
	assert.Equal(t, "200", Health(200).String())
}
