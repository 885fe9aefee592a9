package toxi_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
)

func TestLatencyShiftsTheRoundTripOfItsCohort(t *testing.T) {
	const delay = 30 * time.Millisecond
	r := newRig(t)
	slow := chaos.Fault{Name: "slow", On: "blue", Share: 0.5, Seed: 5, Effect: chaos.Latency{Delay: delay}}
	in, out := r.dial(members(slow, 1, true)[0]), r.dial(members(slow, 1, false)[0])
	r.inject(slow)
	const n = 5
	for i := range n {
		began := time.Now()
		in.echo(fmt.Sprint(i))
		assert.GreaterOrEqual(t, time.Since(began), delay)
		out.echo(fmt.Sprint(i))
	}
	r.clear("slow")
	in.echo("fast again")
	e := r.evidence("slow")
	state, why := e.Judge(slow, true)
	assert.Equal(t, chaos.Confirmed, state, why)
	assert.Equal(t, 1, e.Targeted)
	assert.Equal(t, 1, e.Hit)
	assert.EqualValues(t, n, e.Delayed, "each answer, no question, and nothing of the control")
	assert.GreaterOrEqual(t, e.DelayNS, int64(n*delay))
}

// Chunks are on their way together: many take as long as one.
func TestLatencyIsAPipeline(t *testing.T) {
	const delay, n = 500 * time.Millisecond, 100
	r := newRig(t)
	c := r.dial(1)
	r.inject(chaos.Fault{Name: "slow", Share: 1, Effect: chaos.Latency{Delay: delay, Direction: chaos.Both}})
	began := time.Now()
	for i := range n {
		c.say(fmt.Sprint(i))
	}
	for i := range n {
		c.hear(fmt.Sprint(i))
	}
	assert.GreaterOrEqual(t, time.Since(began), 2*delay)
	assert.Less(t, time.Since(began), n*delay/2)
	e := r.evidence("slow")
	assert.GreaterOrEqual(t, e.DelayNS, e.Delayed*int64(delay))
}

// The end of stream is as slow as the rest; it overtakes nothing.
func TestLatencyDelaysTheEnd(t *testing.T) {
	const delay = 50 * time.Millisecond
	r := newRig(t)
	c := r.dial(1)
	c.echo("x")
	r.inject(chaos.Fault{Name: "slow", Share: 1, Effect: chaos.Latency{Delay: delay, Direction: chaos.Up}})
	arrived := r.target.messages.Load()
	began := time.Now()
	c.say("last words")
	require.NoError(t, c.Close())
	r.target.end(t)
	assert.GreaterOrEqual(t, time.Since(began), delay)
	assert.Equal(t, arrived+1, r.target.messages.Load())
	r.until("counted", func() bool { return r.evidence("slow").Delayed >= 2 })
}

// What is still on its way when the fault clears flows at once.
func TestClearingLatencyReleasesWhatIsOnItsWay(t *testing.T) {
	r := newRig(t)
	c := r.dial(1)
	c.echo("x")
	r.inject(chaos.Fault{Name: "slow", Share: 1, Effect: chaos.Latency{Delay: time.Hour}})
	c.say("waits")
	r.until("the target has answered", func() bool { return r.target.messages.Load() == 2 })
	r.clear("slow")
	c.hear("waits")
}
