package engine

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// TestKilledRunLosesLittle: what was observed reaches the file before the next look.
func TestKilledRunLosesLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, open(t, "reset-storm"))
		b.env.Self = func() (Usage, error) { return Usage{}, nil }
		b.health = newHealth(b.env)
		b.health.add("engine", b.env.Self)
		ctx, cancel := context.WithTimeout(t.Context(), flushEvery+flushEvery/2)
		defer cancel()
		b.sample(ctx)
		assert.Contains(t, b.journal.String(), `"harness"`)
	})
}

func TestSamplesComeEverySecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, open(t, "reset-storm"))
		var cpu float64
		b.env.Self = func() (Usage, error) { cpu += 0.25; return Usage{CPU: cpu, FDs: 7, FDLimit: 100}, nil }
		b.health = newHealth(b.env)
		b.health.add("engine", b.env.Self)
		b.rec.usable.Store(30)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go b.sample(ctx)
		go b.health.watchTicks(ctx)
		time.Sleep(3*time.Second + time.Nanosecond)
		cancel()
		synctest.Wait()

		var loads int
		var shares []float64
		for _, r := range b.records() {
			switch {
			case r.Load != nil:
				loads++
			case r.Harness != nil:
				shares = append(shares, r.Harness.CPU)
				assert.Equal(t, 7, r.Harness.FDs)
				assert.Less(t, r.Harness.TickMax, int64(tick), "the bubble's clock is never late")
			}
		}
		assert.Equal(t, 3, loads)
		assert.Equal(t, []float64{0, 0.25, 0.25, 0.25}, shares, "of the second before; of the first nothing is known")
		assert.Equal(t, []float64{0.75, 0.75}, b.baseline.usable, "500 ms of baseline hold two samples")
	})
}

func TestLatenessOfTheTickerIsRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHealth(Env{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second+tick/2)
		defer cancel()
		h.watchTicks(ctx)
		assert.EqualValues(t, time.Second/tick, h.ticks.TotalCount())
	})
}

// TestNoRateOverNextToNothing: the last sample comes right after the one before it.
func TestNoRateOverNextToNothing(t *testing.T) {
	h := newHealth(Env{})
	cpu := 0.0
	h.add("proxy", func() (Usage, error) { cpu += 0.3; return Usage{CPU: cpu}, nil })
	start := time.Unix(100, 0)
	var got []float64
	for _, at := range []time.Duration{0, time.Second, time.Second + 5*time.Millisecond, 2 * time.Second} {
		got = append(got, h.sample(start.Add(at))[0].CPU)
	}
	assert.InDeltaSlice(t, []float64{0, 0.3, 0, 0.6}, got, 1e-9)
}
