package engine

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/wsheal/wsheal/chaos"
)

// TestEachFaultGoesToItsBackend: a fault by the target is never told to the proxy.
func TestEachFaultGoesToItsBackend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, proxy := broken(t)
		target := &backend{clock: proxy.clock, armed: map[string]chaos.Evidence{}}
		b.others = map[chaos.Backend]chaos.Injector{chaos.ByTarget: target}
		there, here := b.scenario.Faults[0], b.scenario.Faults[0]
		there.Name, there.By = "there", chaos.ByTarget
		b.injection(t.Context(), there)
		here.At += 10 * time.Second
		b.injection(t.Context(), here)

		assert.NotZero(t, target.armed["there"].Cleared)
		assert.Len(t, target.armed, 1)
		assert.NotZero(t, proxy.armed[here.Name].Cleared)
		assert.Len(t, proxy.armed, 1)
	})
}
