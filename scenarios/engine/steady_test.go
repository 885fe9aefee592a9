package engine

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/heal"
	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/scenarios"
)

// TestSteadyStateIsJudgedByTheBaseline: the median of the usable share and the latencies
// of the messages due in that phase, each condition on its own.
func TestSteadyStateIsJudgedByTheBaseline(t *testing.T) {
	const conditions = "steady_state=[clients.usable >= 90%, latency.p99 < 50ms]"
	type life struct {
		usable []float64
		took   time.Duration // 0: no answers
		met    []bool
		lost   bool // one more message is never answered
	}
	for name, l := range map[string]life{
		"steady":      {[]float64{0.1, 0.95, 1, 0.95, 0.2}, 20 * time.Millisecond, []bool{true, true}, false},
		"losses":      {[]float64{1}, 20 * time.Millisecond, []bool{true, false}, true},
		"few usable":  {[]float64{0.8, 0.8, 1}, 20 * time.Millisecond, []bool{false, true}, false},
		"slow":        {[]float64{1}, 80 * time.Millisecond, []bool{true, false}, false},
		"no answers":  {[]float64{1}, 0, []bool{true, false}, false},
		"not sampled": {nil, 20 * time.Millisecond, []bool{false, true}, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, open(t, "reset-storm", conditions))
			for _, share := range l.usable {
				b.baseline.add(share)
			}
			const inBaseline, inWarmup = 30, 0
			require.Equal(t, "baseline", b.rec.phases[b.rec.phaseOf(inBaseline)].Name)
			b.rec.due(inWarmup, 0)
			b.answer(inWarmup, 10*time.Second) // judges nothing
			if l.took > 0 {
				b.rec.due(inBaseline, 30)
				b.answer(inBaseline, l.took)
			}
			if l.lost {
				b.rec.due(inBaseline+1, 31)
			}
			i := 1
			require.Equal(t, "baseline", b.scenario.Phases[i].Name)
			met := b.steady(t.Context(), b.scenario.Phases[i])

			var told *report.Steady
			for _, r := range b.records() {
				if r.Steady != nil {
					told = r.Steady
				}
			}
			require.NotNil(t, told)
			assert.Equal(t, l.met[0] && l.met[1], met)
			assert.Equal(t, met, told.Met)
			for i, want := range l.met {
				assert.Equal(t, want, told.Checks[i].Met, told.Checks[i])
				assert.NotEmpty(t, told.Checks[i].Why)
			}
		})
	}
}

func TestPlanIsInOnePhaseAtATime(t *testing.T) {
	b := newBench(t, open(t, "reset-storm"))
	b.scenario.Phases = []scenarios.Phase{{Name: "warmup", To: time.Hour}, {Name: "baseline", From: time.Hour, To: 2 * time.Hour}}
	assert.True(t, b.in("warmup"))
	assert.False(t, b.in("baseline"))
	b.epoch = b.epoch.Add(-time.Hour)
	assert.False(t, b.in("warmup"))
	assert.True(t, b.in("baseline"))
	assert.GreaterOrEqual(t, b.now(), heal.Instant(time.Hour))
}
