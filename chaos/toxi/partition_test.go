package toxi_test

import (
	"context"
	"fmt"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
)

func TestPartitionHoldsAndResumesLosslessly(t *testing.T) {
	const n, each = 50, 20
	r := newRig(t)
	split := chaos.Fault{Name: "split", On: "blue", Share: 0.5, Seed: 3, Effect: chaos.Partition{}}
	var held, control []*client
	for _, id := range members(split, n, true) {
		held = append(held, r.dial(id))
		held[len(held)-1].echo("before")
	}
	for _, id := range members(split, n, false) {
		control = append(control, r.dial(id))
	}
	before := r.target.messages.Load()

	r.inject(split)
	var bytes int64
	for i := range each {
		for _, c := range held {
			text := fmt.Sprintf("message %d", i)
			c.say(text)
			bytes += int64(2 + 4 + len(text))
		}
	}
	r.until("all is held", func() bool { return r.evidence("split").HeldBytes == bytes })
	assert.Equal(t, before, r.target.messages.Load(), "nothing crossed")
	for _, c := range control {
		c.echo("untouched")
	}

	r.clear("split")
	for i := range each {
		for _, c := range held {
			c.hear(fmt.Sprintf("message %d", i)) // in order, none lost
		}
	}
	e := r.evidence("split")
	state, why := e.Judge(split, true)
	assert.Equal(t, chaos.Confirmed, state, why)
	assert.Equal(t, n, e.Targeted)
	assert.Equal(t, n, e.Hit)
	assert.Zero(t, e.Leaked)
	assert.Equal(t, bytes, e.HeldBytes)
	assert.EqualValues(t, 2*n, r.traffic().Upgraded, "nobody had to come back")
}

func TestPartitionHoldsFINAndRST(t *testing.T) {
	r := newRig(t)
	fin, rst, down := r.dial(1), r.dial(2), r.dial(3)
	for _, c := range []*client{fin, rst, down} {
		c.echo("x")
	}
	r.inject(chaos.Fault{Name: "split", Share: 1, Effect: chaos.Partition{}})
	require.NoError(t, fin.Close())
	rst.reset()
	r.until("both ends are held", func() bool { return r.evidence("split").HeldChunks == 2 })
	assert.Equal(t, 3, r.target.live(), "the target still counts them")
	assert.Empty(t, r.target.ended)

	r.clear("split")
	reset, eof := 0, 0
	for range 2 {
		switch err := r.target.end(t); {
		case isEOF(err):
			eof++
		default:
			assert.ErrorIs(t, err, syscall.ECONNRESET)
			reset++
		}
	}
	assert.Equal(t, 1, reset)
	assert.Equal(t, 1, eof)
	down.echo("lives on")
	assert.Zero(t, r.evidence("split").Leaked)
}

// The end of stream of the target is held like any other, behind what it said before.
func TestPartitionHoldsTheTargetsEnd(t *testing.T) {
	r := newRig(t)
	c := r.dial(1)
	c.echo("x")
	r.inject(chaos.Fault{Name: "split", Share: 1, Effect: chaos.Partition{Direction: chaos.Down}})
	c.say("answered but held")
	r.until("held", func() bool { return r.evidence("split").HeldChunks == 1 })
	r.target.each(func(s net.Conn) { _ = s.Close() })
	r.until("its end too", func() bool { return r.evidence("split").HeldChunks == 2 })
	c.hearsNothing()
	r.clear("split")
	c.hear("answered but held")
	_, err := c.Read(make([]byte, 1))
	assert.True(t, isEOF(err), "%v", err)
}

func TestUpgradeHangsUntilThePartitionClears(t *testing.T) {
	r := newRig(t)
	split := chaos.Fault{Name: "split", Share: 0.5, Effect: chaos.Partition{}}
	in, out := members(split, 2, true), members(split, 1, false)
	r.inject(split)
	accepted := r.target.accepted.Load()

	came := make(chan error, 1)
	go func() {
		_, err := r.tryDial(t.Context(), fmt.Sprintf("%d/4", in[0]))
		came <- err
	}()
	r.until("the request is held", func() bool { return r.evidence("split").HeldChunks == 1 })
	r.dial(out[0]).echo("others come through")

	// One that gives up before the partition clears is never heard of by the target.
	ctx, giveUp := context.WithCancel(t.Context())
	gave := make(chan error, 1)
	go func() {
		_, err := r.tryDial(ctx, fmt.Sprintf("%d/1", in[1]))
		gave <- err
	}()
	r.until("the second request is held", func() bool { return r.evidence("split").HeldChunks == 2 })
	giveUp()
	require.Error(t, <-gave)
	r.until("its end is held", func() bool { return r.evidence("split").HeldChunks == 3 })
	r.until("and it is forgotten", func() bool { return r.traffic().Live == 2 })
	assert.Equal(t, accepted+1, r.target.accepted.Load(), "not even a SYN crossed")
	assert.Empty(t, came)

	r.clear("split")
	require.NoError(t, <-came)
	assert.Equal(t, accepted+2, r.target.accepted.Load())
	e := r.evidence("split")
	assert.Equal(t, 2, e.Targeted)
	assert.Equal(t, 2, e.Hit)
	assert.Zero(t, e.ControlHit)
	assert.Zero(t, e.Leaked)
}

func TestOneWayPartition(t *testing.T) {
	r := newRig(t)
	c := r.dial(1)
	c.echo("x")
	for _, way := range []chaos.Direction{chaos.Up, chaos.Down} {
		t.Run(string(way), func(t *testing.T) {
			name := "split-" + string(way)
			arrived := r.target.messages.Load()
			r.inject(chaos.Fault{Name: name, Share: 1, Effect: chaos.Partition{Direction: way}})
			c.say("hello")
			r.until("held", func() bool { return r.evidence(name).HeldChunks == 1 })
			if way == chaos.Down {
				assert.Equal(t, arrived+1, r.target.messages.Load(), "the question crossed, the answer did not")
			} else {
				assert.Equal(t, arrived, r.target.messages.Load())
			}
			r.clear(name)
			c.hear("hello")
			assert.Zero(t, r.evidence(name).Leaked)
		})
	}
}

func TestFaultsExpireByThemselves(t *testing.T) {
	r := newRig(t)
	c := r.dial(1)
	const lasts = 50 * time.Millisecond
	split := chaos.Fault{Name: "split", Share: 1, For: lasts, Effect: chaos.Partition{}}
	r.inject(split)
	c.echo("comes back when it has expired")
	r.until("cleared", func() bool { return r.evidence("split").Cleared != 0 })
	e := r.evidence("split")
	assert.GreaterOrEqual(t, e.Cleared-e.Armed, int64(lasts))
	r.clear("split") // no error
	r.inject(split)  // and the name is free again
	c.echo("again")
}

// Two partitions overlap; only when both have cleared does anything flow.
func TestPartitionsOverlap(t *testing.T) {
	r := newRig(t)
	c := r.dial(1)
	c.echo("x")
	arrived := r.target.messages.Load()
	r.inject(chaos.Fault{Name: "a", Share: 1, Effect: chaos.Partition{}})
	r.inject(chaos.Fault{Name: "b", Share: 1, Effect: chaos.Partition{Direction: chaos.Up}})
	c.say("held twice")
	r.until("held by both", func() bool {
		return r.evidence("a").HeldChunks == 1 && r.evidence("b").HeldChunks == 1
	})
	r.clear("a")
	c.say("held once")
	r.until("held by one", func() bool { return r.evidence("b").HeldChunks == 2 })
	assert.Equal(t, arrived, r.target.messages.Load())
	assert.EqualValues(t, 1, r.evidence("a").HeldChunks)
	r.clear("b")
	c.hear("held twice")
	c.hear("held once")
}
