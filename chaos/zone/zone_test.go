//go:build linux

package zone_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/zone"
	"github.com/wsheal/wsheal/internal/faultrig"
)

// TestEveryKindIsProved: clients of both targets see the zone fail and come back, and what
// was counted of both confirms it.
func TestEveryKindIsProved(t *testing.T) {
	for _, k := range chaos.KindsOf(chaos.ByParts) {
		assert.Equal(t, "zone", k.Name, "the table lists parts for %s: prove it", k.Name)
	}
	worlds := map[string]func(*testing.T) (*faultrig.Rig, *faultrig.Rig, chaos.Injector){
		"partition": network, "half_open": network, "kill": processes, "pause": processes,
	}
	for how, world := range worlds {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			blue, green, carrier := world(t)
			kind, _ := chaos.Lookup(how)
			there := green.Dial(1000)
			began, seen := make(chan struct{}, 1), make(chan chaos.Sight, 1)
			blue.Prove(faultrig.Case{Fault: fault(how, ""), By: by(carrier), Act: func(x *faultrig.Client) chaos.Sight {
				select {
				case began <- struct{}{}: // one has a look at green, too
					seen <- there.Look(0, true)
				default:
				}
				return x.Look(0, true)
			}})
			assert.Contains(t, kind.Expect, <-seen, "the client of green")
			assert.Equal(t, chaos.SeesNothing, green.Dial(1001).Look(0, false), "who comes to green when it is cleared")
		})
	}
}

// TestZoneOfWhichOneTargetIsIdleIsNotConfirmed: a part without effect is told by its name.
func TestZoneOfWhichOneTargetIsIdleIsNotConfirmed(t *testing.T) {
	blue, _, proxy := network(t)
	f, carrier := fault("half_open", ""), by(proxy)
	alone := blue.Dial(1)
	require.NoError(t, carrier.Inject(t.Context(), f))
	assert.NotEqual(t, chaos.SeesNothing, alone.Look(0, true))
	require.NoError(t, carrier.Clear(t.Context(), f.Name))
	e, err := carrier.Evidence(t.Context(), f.Name)
	require.NoError(t, err)
	state, why := e.Judge(f, true)
	assert.Equal(t, chaos.Partial, state)
	assert.Contains(t, why, "green no effect, no client of its cohort had a connection")
	assert.Equal(t, int64(1), e.Count("failed"))
}

// TestIdleZoneHasNoEffect: with nobody there.
func TestIdleZoneHasNoEffect(t *testing.T) {
	t.Run("partition", func(t *testing.T) {
		blue, _, proxy := network(t)
		blue.Idle(faultrig.Case{Fault: fault("partition", ""), By: by(proxy)})
	})
	t.Run("kill", func(t *testing.T) {
		blue, _, signals := processes(t)
		blue.Idle(faultrig.Case{Fault: fault("kill", ""), By: by(signals)})
	})
}

// carrier is one that does nothing but fail where it is told.
type carrier struct {
	chaos.Injector
	fails string // name of a part
}

func (c carrier) of(f string) error {
	if f == c.fails {
		return errors.New("no: " + f)
	}
	return nil
}
func (c carrier) Supports(chaos.Fault) error                    { return nil }
func (c carrier) Inject(_ context.Context, f chaos.Fault) error { return c.of(f.Name) }
func (c carrier) Clear(_ context.Context, name string) error    { return c.of(name) }
func (c carrier) Evidence(_ context.Context, name string) (chaos.Evidence, error) {
	return chaos.Evidence{Armed: 1, Cleared: 2}, c.of(name)
}

// TestPartThatFailsIsTold, whatever is asked of it, and does not keep the others from it.
func TestPartThatFailsIsTold(t *testing.T) {
	i, f := by(carrier{fails: "az.green"}), fault("partition", "")
	_, err := i.Evidence(t.Context(), "az")
	require.EqualError(t, err, `evidence of "az": it was never injected`)
	require.NoError(t, i.Clear(t.Context(), "az"), "what was never in force needs no clearing")
	require.EqualError(t, i.Inject(t.Context(), f), "no: az.green")
	require.EqualError(t, i.Clear(t.Context(), "az"), "no: az.green")
	_, err = i.Evidence(t.Context(), "az")
	require.EqualError(t, err, "no: az.green")

	nobody := zone.NewInjector(func(chaos.Backend) chaos.Injector { return nil })
	require.ErrorContains(t, nobody.Supports(f), "nothing is there to carry its part out")
	f.Parts = nil
	require.ErrorContains(t, nobody.Inject(t.Context(), f), "it has no part")
}
