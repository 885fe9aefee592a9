package toxi_test

import (
	"testing"
	"time"

	stockclient "github.com/Shopify/toxiproxy/v2/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What does nothing is a toxic with Toxiproxy, and so with us: a noop, and a latency of 0,
// to which people set one that is to act again later.
func TestStockToxicsThatDoNothing(t *testing.T) {
	for kind, want := range map[string]stockclient.Attributes{"noop": {}, "latency": {"latency": 0.0, "jitter": 0.0}} {
		t.Run(kind, func(t *testing.T) {
			r := newRig(t)
			c := r.dial(1)
			for _, stream := range []string{"upstream", "downstream"} {
				toxic, err := r.stockProxy().AddToxic("", kind, stream, 1, nil)
				require.NoError(t, err)
				assert.Equal(t, want, toxic.Attributes)
				assert.Equal(t, stream, toxic.Stream)
			}
			c.echo("as ever")
			assert.Zero(t, r.evidence(kind+"_downstream").Delayed)
			_, err := r.stockProxy().AddToxic("x", kind, "", 1, stockclient.Attributes{"rate": 1})
			require.ErrorContains(t, err, kind+`: unknown attribute "rate", expected `)
		})
	}
}

// A jitter may exceed its latency: of the chunks about half are late.
func TestStockLatencyOfJitterAlone(t *testing.T) {
	r := newRig(t)
	c := r.dial(1)
	p := r.stockProxy()
	toxic, err := p.AddToxic("x", "latency", "", 1, stockclient.Attributes{"jitter": 2})
	require.NoError(t, err)
	assert.Equal(t, stockclient.Attributes{"latency": 0.0, "jitter": 2.0}, toxic.Attributes)
	const n = 40
	for range n {
		c.echo("x")
	}
	e := r.evidence("x")
	assert.Positive(t, e.Delayed)
	assert.Less(t, e.Delayed, int64(n))
	assert.Greater(t, e.DelayNS, int64(time.Millisecond), "it is in ms")

	toxic, err = p.UpdateToxic("x", -1, stockclient.Attributes{"jitter": 0})
	require.NoError(t, err)
	assert.Equal(t, stockclient.Attributes{"latency": 0.0, "jitter": 0.0}, toxic.Attributes)
	c.echo("well again")
	assert.Zero(t, r.evidence("x").Delayed)
}
