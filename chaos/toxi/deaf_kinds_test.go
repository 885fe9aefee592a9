package toxi_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/toxi"
)

// A proxy that obeys nothing confirms no kind of fault, whatever clients do.
func TestADeafProxyConfirmsNoKind(t *testing.T) {
	for name, p := range proofs {
		t.Run(name, func(t *testing.T) {
			r := newRigOn(t, toxi.NewDeafServer(toxi.Options{}))
			old := r.dial(1)
			old.echo("before")
			f := chaos.Fault{Name: "deaf", Share: 1, Effect: p.sees[0].Fault.Effect, Conns: p.sees[0].Fault.Conns}
			r.inject(f)
			for range 3 {
				old.echo("as if there were nothing")
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			if c, err := r.tryDial(ctx, "2/1"); assert.NoError(t, err) {
				(&client{t, c}).echo("nor for who comes")
			}
			old.hearsNothing() // nor in time
			old.echo("nor after some time")
			r.clear(f.Name)
			e := r.evidence(f.Name)
			state, why := e.Judge(f, true)
			assert.NotEqual(t, chaos.Confirmed, state, why)
			assert.NotZero(t, e.Armed)
			assert.Zero(t, e.Hit)
		})
	}
}
