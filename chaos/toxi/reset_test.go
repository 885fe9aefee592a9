package toxi_test

import (
	"errors"
	"net"
	"sync"
	"syscall"
	"testing"

	"github.com/gobwas/ws/wsutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/toxi"
)

func TestResetIsATrueRSTToTheWholeCohortAndNobodyElse(t *testing.T) {
	const each = 200
	r := newRig(t)
	cut := chaos.Fault{Name: "cut", On: "blue", Share: 0.6, Seed: 7, Effect: chaos.Reset{}}
	cohort := members(cut, 2*each, true)
	var wg sync.WaitGroup
	errs := make([]error, 2*each)
	var doomed, control []*client
	for _, id := range cohort {
		doomed = append(doomed, r.dial(id))
	}
	for _, id := range members(cut, 100, false) {
		control = append(control, r.dial(id))
	}
	for i, c := range doomed {
		if i < each { // idle
			wg.Go(func() { _, errs[i] = c.Read(make([]byte, 1)) })
			continue
		}
		wg.Go(func() { // busy
			for {
				if errs[i] = wsutil.WriteClientText(c, []byte("busy")); errs[i] != nil {
					return
				}
				if _, errs[i] = wsutil.ReadServerText(c); errs[i] != nil {
					return
				}
			}
		})
	}
	r.inject(cut)
	wg.Wait()
	for i, err := range errs {
		require.ErrorIs(t, err, syscall.ECONNRESET, "client %d of %d", i, len(errs))
	}
	for _, c := range control {
		c.echo("still here")
	}

	e := r.evidence("cut")
	state, why := e.Judge(cut, true)
	assert.Equal(t, chaos.Confirmed, state, why)
	assert.Equal(t, 2*each, e.Targeted)
	assert.Equal(t, 2*each, e.Hit)
	assert.Zero(t, e.ControlHit)
	assert.EqualValues(t, 2*each, e.Resets)
	assert.LessOrEqual(t, e.Armed, e.First)
	assert.LessOrEqual(t, e.First, e.Last)
	assert.LessOrEqual(t, e.Last, e.Cleared)

	// The target's side was reset as well, and nothing is left of them.
	for range 2 * each {
		err := r.target.end(t)
		assert.False(t, isEOF(err), "the target saw %v", err)
	}
	r.until("only the control lives", func() bool { return r.traffic().Live == int64(len(control)) })
	again := r.dial(cohort[0]) // a reset is over once it has happened
	again.echo("back")
}

func TestResetReachesConnectionsWithUnreadData(t *testing.T) {
	r := newRig(t)
	c := r.dial(1)
	for range 50 {
		c.say("never read by its sender")
	}
	r.until("echoed", func() bool { return r.target.messages.Load() == 50 })
	r.inject(chaos.Fault{Name: "cut", Share: 1, Effect: chaos.Reset{}})
	var err error
	for err == nil {
		_, err = c.Read(make([]byte, 4096))
	}
	assert.ErrorIs(t, err, syscall.ECONNRESET)
}

// What a peer does to its own connection crosses as what it was.
func TestEndsCrossAsTheyWere(t *testing.T) {
	r := newRig(t)
	c := r.dial(1)
	c.echo("x")
	c.reset()
	assert.ErrorIs(t, r.target.end(t), syscall.ECONNRESET)
	c = r.dial(2)
	c.echo("x")
	require.NoError(t, c.Close())
	assert.True(t, isEOF(r.target.end(t)))
	c = r.dial(3)
	c.echo("x")
	r.target.each(func(s net.Conn) { _ = s.Close() })
	_, err := c.Read(make([]byte, 1))
	assert.True(t, isEOF(err), "%v", err)
}

func TestATargetThatRefusesIsAReset(t *testing.T) {
	r := newRig(t)
	addr, err := r.driver.CreateProxy(t.Context(), "nobody", "127.0.0.1:1")
	require.NoError(t, err)
	r.addr = addr
	_, err = r.tryDial(t.Context(), "1/1")
	assert.True(t, errors.Is(err, syscall.ECONNRESET), "%v", err)
	all, err := r.driver.Traffic(t.Context())
	require.NoError(t, err)
	assert.EqualValues(t, 1, all["nobody"].Refused)
	assert.Zero(t, all["nobody"].Errors)
}

func TestAFaultOnNobodyHasNoEffect(t *testing.T) {
	for _, effect := range []chaos.Effect{chaos.Reset{}, chaos.Partition{}, chaos.Latency{Delay: 1}} {
		t.Run(effect.Kind(), func(t *testing.T) {
			r := newRig(t)
			c := r.dial(1)
			none := chaos.Fault{Name: "none", Share: 0, Effect: effect}
			r.inject(none)
			c.echo("untouched")
			r.clear("none")
			state, why := r.evidence("none").Judge(none, true)
			assert.Equal(t, chaos.NoEffect, state)
			assert.Equal(t, "no client of its cohort had a connection", why)
		})
	}
}

func TestDeafTapsAreFoundOut(t *testing.T) {
	r := newRigOn(t, toxi.NewDeafServer(toxi.Options{}))
	c := r.dial(1)
	c.echo("before")

	cut := chaos.Fault{Name: "cut", Share: 1, Effect: chaos.Reset{}}
	r.inject(cut)
	c.echo("not cut")
	state, why := r.evidence("cut").Judge(cut, true)
	assert.Equal(t, chaos.NoEffect, state)
	assert.Equal(t, "it acted on none of 1 connected client of its cohort", why)

	split := chaos.Fault{Name: "split", Share: 1, Effect: chaos.Partition{}}
	r.inject(split)
	c.echo("not held")
	r.clear("split")
	r.until("two frames and a mask leaked", func() bool {
		return r.evidence("split").Leaked == int64(2+4+len("not held")+2+len("not held"))
	})
	state, why = r.evidence("split").Judge(split, true)
	assert.Equal(t, chaos.Unexpected, state, why)

	slow := chaos.Fault{Name: "slow", Share: 1, Effect: chaos.Latency{Delay: 1e9}}
	r.inject(slow)
	c.echo("not delayed")
	r.clear("slow")
	state, why = r.evidence("slow").Judge(slow, true)
	assert.Equal(t, chaos.NoEffect, state, why)

	r.inject(chaos.Fault{Name: "ends", Share: 1, Effect: chaos.Partition{}})
	require.NoError(t, c.Close())
	assert.True(t, isEOF(r.target.end(t)), "the end was not held")
	r.until("both ends leaked", func() bool { return r.evidence("ends").Leaked == 2 })
}
