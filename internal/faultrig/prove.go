package faultrig

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
)

const crowd = 4 // clients in the cohort of a proof, and in its control

// Case is a fault to be proved. The zero value of what is not said serves most kinds.
type Case struct {
	Fault chaos.Fault // Name, On, Seed and Share are filled in where they are zero
	// By carries it out; nil: the rig's proxy.
	By chaos.Injector
	// Slow is the least time that an answer takes under it, for kinds that make slow.
	Slow time.Duration
	// Act is what a client of the cohort does under it and sees; nil: it sends and waits
	// for the echo (Look), and where the fault is of new connections it dials.
	Act func(*Client) chaos.Sight
	// Server is what is behind the proxy; nil: the rig's target. What is said to it comes back.
	Server func(context.Context, net.Listener) error
	// Quiet is what clients of the cohort do that the fault has nothing to act on; nil:
	// nothing at all. Only for Idle.
	Quiet func(*Client)
}

func (c Case) filled() Case {
	if c.Fault.Name == "" {
		c.Fault.Name = "proved"
	}
	if c.Fault.On == "" {
		c.Fault.On = "blue"
	}
	if c.Fault.Seed == 0 {
		c.Fault.Seed = 7
	}
	if c.Fault.Share == 0 {
		c.Fault.Share = 0.5
	}
	return c
}

// Prove holds that a fault is seen by clients of its cohort as its row says, by nobody
// else, and that its own counters confirm it; and that, cleared, it is gone.
func (r *Rig) Prove(c Case) {
	r.T.Helper()
	c = r.behind(c).filled()
	by := r.injector(c)
	kind, ok := chaos.Lookup(c.Fault.Effect.Kind())
	require.True(r.T, ok)
	if c.Fault.Conns == "" {
		c.Fault.Conns = kind.Conns[0]
	}
	before := c.Fault.Conns.Covers(true)

	var cohort, control []*Client
	for _, id := range Members(c.Fault, crowd, true) {
		if before {
			cohort = append(cohort, r.Dial(id))
			assert.Equal(r.T, chaos.SeesNothing, cohort[len(cohort)-1].Look(0, false), "before the fault")
		}
	}
	if c.Fault.Share < 1 {
		for _, id := range Members(c.Fault, crowd, false) {
			control = append(control, r.Dial(id))
		}
	}
	// Those beyond the crowd are of the cohort, too, but not of the connections that are
	// meant: one who was there before a fault of new ones, one who comes under a fault of
	// existing ones, and one who comes afterwards.
	spare := Members(c.Fault, crowd+3, true)[crowd:]
	var old *Client
	if !before {
		old = r.Dial(spare[0])
	}
	ctx, cancel := context.WithTimeout(r.T.Context(), Patience)
	defer cancel()
	require.NoError(r.T, by.Supports(c.Fault))
	require.NoError(r.T, by.Inject(ctx, c.Fault))

	unanswered := 0
	sees := func(id uint64, saw chaos.Sight) {
		assert.Contains(r.T, kind.Expect, saw, "client %d of the cohort", id)
		if saw == chaos.SeesHalfOpen {
			unanswered++
		}
	}
	if before {
		for client, saw := range r.all(cohort, func(x *Client) chaos.Sight { return r.act(c, kind, x) }) {
			sees(cohort[client].ID, saw)
		}
	} else {
		for _, id := range Members(c.Fault, crowd, true) {
			sees(id, r.arrive(c, kind, id))
		}
	}
	if c.By == nil { // who hears nothing cannot know that what it said has come to the proxy
		Until(r.T, "what they said has come to the proxy", func() bool {
			e, err := by.Evidence(ctx, c.Fault.Name)
			require.NoError(r.T, err)
			return e.Hit >= unanswered
		})
	}
	for client, saw := range r.all(control, func(x *Client) chaos.Sight { return x.Look(0, false) }) {
		assert.Equal(r.T, chaos.SeesNothing, saw, "client %d of the control", control[client].ID)
	}

	if old != nil {
		assert.Equal(r.T, chaos.SeesNothing, old.Look(0, false), "who was there before a fault of new connections")
	}
	if c.Fault.Conns == chaos.Existing {
		assert.Equal(r.T, chaos.SeesNothing, r.Dial(spare[1]).Look(0, false), "who comes under a fault of existing connections")
	}

	require.NoError(r.T, by.Clear(ctx, c.Fault.Name))
	e, err := by.Evidence(ctx, c.Fault.Name)
	require.NoError(r.T, err)
	state, why := e.Judge(c.Fault, true)
	assert.Equal(r.T, chaos.Confirmed, state, why)
	if kind.Reach > 0 { // else nobody can tell whom it hits
		assert.Equal(r.T, crowd, e.Targeted)
	}
	for _, p := range kind.Proof {
		assert.Positive(r.T, e.Count(p.Counter), p.Counter)
	}
	assert.Equal(r.T, chaos.SeesNothing, r.Dial(spare[2]).Look(0, false), "who comes when it is cleared")
}

// Idle holds that a fault that has nothing to act on is reported to have had no effect:
// once with nobody there, once with clients of the cohort whose traffic does not match,
// unless the kind needs none.
func (r *Rig) Idle(c Case) {
	r.T.Helper()
	c = r.behind(c).filled()
	by := r.injector(c)
	ctx, cancel := context.WithTimeout(r.T.Context(), Patience)
	defer cancel()
	none := func(name string) {
		r.T.Helper()
		f := c.Fault
		f.Name = name
		require.NoError(r.T, by.Inject(ctx, f))
		if name != "nobody" && c.Quiet != nil {
			for _, id := range Members(f, crowd, true) {
				c.Quiet(r.Dial(id))
			}
		}
		require.NoError(r.T, by.Clear(ctx, f.Name))
		e, err := by.Evidence(ctx, f.Name)
		require.NoError(r.T, err)
		state, why := e.Judge(f, true)
		assert.Equal(r.T, chaos.NoEffect, state, "%s: %s", name, why)
		assert.NotZero(r.T, e.Armed, "it was in force")
		assert.NotZero(r.T, e.Cleared)
		assert.Zero(r.T, e.Hit)
	}
	none("nobody")
	if c.Quiet != nil {
		none("no-match")
	}
}

// behind puts the case's own server behind a proxy of its own.
func (r *Rig) behind(c Case) Case {
	r.T.Helper()
	if c.Server == nil {
		return c
	}
	var err error
	c.Fault.On = "green"
	r.Direct = Serve(r.T, c.Server)
	r.Addr, err = r.Proxy.CreateProxy(r.T.Context(), c.Fault.On, r.Direct)
	require.NoError(r.T, err)
	return c
}

func (r *Rig) injector(c Case) chaos.Injector {
	if c.By != nil {
		return c.By
	}
	return r.Proxy
}

// act is what a connected client of the cohort sees.
func (r *Rig) act(c Case, k chaos.Kind, x *Client) chaos.Sight {
	if c.Act != nil {
		return c.Act(x)
	}
	return x.Look(c.Slow, slices.Contains(k.Expect, chaos.SeesHalfOpen))
}

// arrive is what a client of the cohort sees that comes while the fault is in force. Where
// nothing is to come it gives up soon, but not before the fault has come to it.
func (r *Rig) arrive(c Case, k chaos.Kind, id uint64) chaos.Sight {
	hangs := slices.Contains(k.Expect, chaos.SeesTimeout)
	if e, ok := chaos.Value(c.Fault.Effect).(chaos.ConnLimit); ok {
		hangs = e.How() == chaos.OverHang
	}
	limit := Patience
	if hangs {
		limit = silence
	}
	targeted := func() int {
		e, err := r.injector(c).Evidence(r.T.Context(), c.Fault.Name)
		require.NoError(r.T, err)
		return e.Targeted
	}
	before := targeted()
	for {
		x, saw, err := r.Try(id, limit)
		switch {
		case err == nil:
			return r.act(c, k, x)
		case saw != chaos.SeesTimeout || k.Reach == 0 || targeted() > before || limit >= Patience:
			return saw
		}
		limit *= 4 // the machine is slow
	}
}

// all lets clients act at once and returns what they saw, in their order.
func (r *Rig) all(list []*Client, act func(*Client) chaos.Sight) []chaos.Sight {
	saw := make([]chaos.Sight, len(list))
	var wg sync.WaitGroup
	for i, c := range list {
		wg.Go(func() { saw[i] = act(c) })
	}
	wg.Wait()
	return saw
}

// String names the case in a test's output.
func (c Case) String() string {
	return fmt.Sprintf("%s %v %s", c.Fault.Effect.Kind(), c.Fault.Effect, c.Fault.Conns)
}
