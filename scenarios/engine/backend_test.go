package engine

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/scenarios"
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

// TestWhatAProxyCannotMakeIsTold: of silence alone, and only where a proxy made it.
func TestWhatAProxyCannotMakeIsTold(t *testing.T) {
	f := scenarios.Fault{Fault: chaos.Fault{By: chaos.ByProxy, Effect: chaos.Partition{}}}
	assert.Equal(t, "; the proxy acknowledged meanwhile, so TCP keepalive could not fire", fidelity(f, chaos.Confirmed))
	assert.Empty(t, fidelity(f, chaos.NoEffect))
	f.Effect = chaos.Reset{}
	assert.Empty(t, fidelity(f, chaos.Confirmed))
	f.By, f.Effect = chaos.ByKernel, chaos.KernelPartition{}
	assert.Empty(t, fidelity(f, chaos.Confirmed))
}
