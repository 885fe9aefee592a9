package engine

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/pool/heal"
)

// backend is a fault proxy that takes 10 ms for everything and can be told to misbehave.
type backend struct {
	standing
	clock     func() int64
	armed     map[string]chaos.Evidence
	injectErr error // although the fault is in force
	clearErr  error
	hangs     bool
}

func (p *backend) answer(ctx context.Context) error {
	if p.hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	time.Sleep(10 * time.Millisecond)
	return ctx.Err()
}

func (p *backend) Supports(chaos.Fault) error { return nil }

func (p *backend) Inject(ctx context.Context, f chaos.Fault) error {
	if err := p.answer(ctx); err != nil {
		return err
	}
	p.armed[f.Name] = chaos.Evidence{Armed: p.clock(), First: p.clock(), Last: p.clock(), Targeted: 1, Hit: 1, HeldChunks: 1}
	return p.injectErr
}

func (p *backend) Clear(ctx context.Context, name string) error {
	if err := p.answer(ctx); err != nil {
		return err
	}
	if ev, ok := p.armed[name]; ok && p.clearErr == nil {
		ev.Cleared = p.clock()
		p.armed[name] = ev
	}
	return p.clearErr
}

func (p *backend) Evidence(ctx context.Context, name string) (chaos.Evidence, error) {
	if p.hangs {
		return chaos.Evidence{}, p.answer(ctx)
	}
	return p.armed[name], nil
}

func (p *backend) Traffic(context.Context) (map[string]chaos.Traffic, error)      { return nil, nil }
func (p *backend) Front(context.Context, string, string) (addr string, err error) { return "", nil }

// broken is a run that has nothing but a proxy.
func broken(t *testing.T) (*bench, *backend) {
	b := newBench(t, open(t, "partition", "faults.split.for=700ms"))
	p := &backend{clock: func() int64 { return int64(time.Since(b.epoch)) + 1000 }, armed: map[string]chaos.Evidence{}}
	b.proxy, b.base = p, 1000
	return b, p
}

// edge is one edge of a fault, with when it was and in which state.
type edge struct {
	what, state string
	at          time.Duration
}

func (b *bench) edges() (out []edge) {
	for _, r := range b.records() {
		if r.Fault != nil {
			out = append(out, edge{r.Fault.Edge, r.Fault.State, time.Duration(r.T)})
		}
	}
	return out
}

// TestFaultIsCommandedConfirmedAndCleared, each edge at its own time: the confirmation and
// the clearing are the proxy's, not when the answer arrived.
func TestFaultIsCommandedConfirmedAndCleared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := broken(t)
		f := b.scenario.Faults[0]
		b.injection(t.Context(), f)
		b.testify(t.Context())
		const ms = time.Millisecond
		assert.Equal(t, []edge{
			{"commanded", "", f.At},
			{"confirmed", "", f.At + 10*ms},
			{"cleared", "", f.At + f.For + 10*ms},
			{"evidence", "confirmed", f.At + f.For + 10*ms},
		}, b.edges())

		var ends []time.Duration
		for _, r := range b.records() {
			if r.Load != nil {
				ends = append(ends, time.Duration(r.T))
			}
		}
		assert.Equal(t, []time.Duration{f.At + 10*ms, f.At + f.For}, ends, "no interval of the load lies across an edge")
	})
}

// TestARampThatBeganLateHasAllOfItsTime: else the last of its cohort would never be touched.
func TestARampThatBeganLateHasAllOfItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := broken(t)
		f := b.scenario.Faults[0]
		const ms = time.Millisecond
		time.Sleep(f.At + 300*ms)
		f.Ramp = f.For
		b.injection(t.Context(), f)
		edges := b.edges()
		require.Len(t, edges, 3)
		assert.Equal(t, edge{"commanded", "", f.At + 300*ms}, edges[0])
		assert.Equal(t, edge{"cleared", "", f.At + 310*ms + f.For + 10*ms}, edges[2])
	})
}

func TestInterruptedFaultIsCleared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := broken(t)
		f := b.scenario.Faults[0]
		ctx, cancel := context.WithTimeout(t.Context(), f.At+100*time.Millisecond)
		defer cancel()
		b.injection(ctx, f)
		b.testify(ctx)
		edges := b.edges()
		require.Len(t, edges, 4)
		assert.Equal(t, edge{"cleared", "", f.At + 110*time.Millisecond}, edges[2])
		assert.Equal(t, "confirmed", edges[3].state)
	})
}

// TestFailedInjectionIsClearedAllTheSame: the answer may be lost and the fault in force.
func TestFailedInjectionIsClearedAllTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, p := broken(t)
		p.injectErr = errors.New("connection lost")
		f := b.scenario.Faults[0]
		b.injection(t.Context(), f)
		edges := b.edges()
		require.Len(t, edges, 3)
		assert.Equal(t, []string{"commanded", "failed", "cleared"}, []string{edges[0].what, edges[1].what, edges[2].what})
		assert.NotZero(t, p.armed[f.Name].Cleared)
	})
}

func TestFaultThatCannotBeClearedIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, p := broken(t)
		p.clearErr = errors.New("no")
		b.injection(t.Context(), b.scenario.Faults[0])
		b.testify(t.Context())
		edges := b.edges()
		require.Len(t, edges, 4)
		assert.Equal(t, "failed", edges[2].what)
		assert.Equal(t, string(chaos.NotCleared), edges[3].state)
	})
}

func TestFaultThatWasNeverCommandedHasNoEffect(t *testing.T) {
	b, _ := broken(t)
	b.testify(t.Context())
	edges := b.edges()
	require.Len(t, edges, 1)
	assert.Equal(t, string(chaos.NoEffect), edges[0].state)
}

// TestProxyThatHangsHoldsNobody: three calls, each bounded.
func TestProxyThatHangsHoldsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, p := broken(t)
		p.hangs = true
		f := b.scenario.Faults[0]
		b.injection(t.Context(), f)
		assert.Equal(t, heal.Instant(f.At+2*controlTimeout), b.now(), "inject and clear")
		b.testify(t.Context())
		assert.Equal(t, heal.Instant(f.At+3*controlTimeout), b.now(), "and the evidence")
		edges := b.edges()
		assert.Equal(t, string(chaos.Unverifiable), edges[len(edges)-1].state)
	})
}
