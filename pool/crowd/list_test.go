package crowd

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestInvariant12Indices(t *testing.T) {
	w := newWorld(t, Policy{}, named("a", "b")...)
	a, b := w.index("a"), w.index("b")
	w.list(named("c", "b")...)
	w.list(named("b", "a", "c")...)
	assert.Equal(t, a, w.index("a"))
	assert.Equal(t, b, w.index("b"))
	assert.Equal(t, uint8(2), w.index("c"))
}

// A refresh resets nothing, and nor does a list that flaps.
func TestInvariant12RefreshChangesNothing(t *testing.T) {
	w := ejected(t, Policy{})
	before := w.c.Snapshot()
	for _, act := range w.list(named("b", "a")...) {
		assert.Equal(t, Arm, act.Kind)
	}
	assert.Equal(t, before, w.c.Snapshot())
	w.list(named("b")...)
	assert.Equal(t, Removed, w.of("a").Health)
	w.list(named("a", "b")...)
	assert.Equal(t, before, w.c.Snapshot(), "its exile is not forgotten")
}

func TestInvariant12RefusedLists(t *testing.T) {
	w := newWorld(t, Policy{}, named("a", "b")...)
	before := w.c.Snapshot()
	many := make([]Endpoint, 257)
	for i := range many {
		many[i].Key = fmt.Sprint("x", i)
	}
	for want, list := range map[string][]Endpoint{
		"no endpoints": nil,
		`endpoint 1: expected each key once, got "c" again`: named("c", "c"),
		"endpoint 0: expected a key, got none" + "\n" +
			`endpoint 1, "d": expected a weight of at least 0, got -1`: {{}, {Key: "d", Weight: -1}},
		"endpoints: expected at most 256, got 257, those counted that still have connections": many,
	} {
		out, err := w.c.SetEndpoints(w.now, list, nil)
		assert.EqualError(t, err, want)
		assert.Empty(t, out)
		assert.Equal(t, before, w.c.Snapshot(), "the one before stays in force")
	}
	_, err := w.c.SetEndpoints(w.now, nil, nil)
	assert.ErrorIs(t, err, ErrNoEndpoints)
}

// Addresses come and go for ever: when all indices were given out, those that were left
// longest ago are given out again, and never one that has a connection.
func TestInvariant12Churn(t *testing.T) {
	w := newWorld(t, Policy{}, named("first")...)
	w.connects(1)
	for k := range 600 {
		w.list(Endpoint{Key: fmt.Sprint("pod-", k)})
		w.pass(time.Millisecond)
	}
	i, ok := w.c.Index("first")
	assert.True(t, ok)
	assert.Zero(t, i, "it has a connection")
	_, ok = w.c.Index("pod-10")
	assert.False(t, ok)
	_, ok = w.c.Index("pod-400")
	assert.True(t, ok)
	assert.Len(t, w.c.Snapshot().Endpoints, 256)

	full := make([]Endpoint, 256)
	for i := range full {
		full[i].Key = fmt.Sprint("x", i)
	}
	_, err := w.c.SetEndpoints(w.now, full, nil)
	assert.ErrorContains(t, err, "got 257")
	w.list(full[:255]...)
}
