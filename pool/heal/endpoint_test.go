package heal

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestPickWithoutChoice(t *testing.T) {
	for _, endpoints := range [][]Endpoint{nil, {{3, 0}}} {
		p := Policy{Endpoints: endpoints}
		for gen := range uint32(10) {
			assert.Zero(t, p.pick(gen, Rand{}, gen, anywhere))
		}
	}
}

// The tiers in the order of their priority, over and over, whatever the order in which
// they are listed.
func TestPickTiers(t *testing.T) {
	p := Policy{Endpoints: []Endpoint{{5, 1}, {-2, 1}, {7, 1}, {0, 1}}}
	for attempt, want := range []uint8{1, 3, 0, 2, 1, 3, 0, 2, 1} {
		assert.Equal(t, want, p.pick(uint32(attempt), Rand{}, 9, anywhere), "attempt %d", attempt)
	}
}

// Weights are odds; 0 counts as 1. Deviations are held to five standard deviations of
// the binomial, once and for all: the draws are keyed.
func TestPickWeights(t *testing.T) {
	p := Policy{Endpoints: []Endpoint{{0, 3}, {1, 50}, {0, 0}, {0, 6}}}
	const n = 100_000
	var got [4]int
	for gen := range uint32(n) {
		got[p.pick(0, Rand{Seed: 1}, gen, anywhere)]++
	}
	assert.InDelta(t, 0.3*n, got[0], 730)
	assert.Zero(t, got[1], "the tier below")
	assert.InDelta(t, 0.1*n, got[2], 480)
	assert.InDelta(t, 0.6*n, got[3], 780)
}

func TestPickMany(t *testing.T) {
	p := Policy{Endpoints: make([]Endpoint, MaxEndpoints)}
	for i := range p.Endpoints {
		p.Endpoints[i].Priority = i
	}
	for attempt := range uint32(2 * MaxEndpoints) {
		assert.Equal(t, uint8(attempt), p.pick(attempt, Rand{}, 1, anywhere))
	}
}
