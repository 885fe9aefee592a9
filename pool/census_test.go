package pool

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/wsheal/wsheal/pool/heal"
)

// TestWhoIsGoneIsNotCounted: one that gave up, and was to try again, leaves the fleet.
func TestWhoIsGoneIsNotCounted(t *testing.T) {
	s := newSlot(3)
	p := &Pool{slots: map[int]*slot{s.client: s}}
	s.phase, s.restart = heal.GaveUp, time.Now().Add(time.Hour)
	p.recount(s)
	assert.Equal(t, census{own: 1, gaveUp: 1, due: 1}, p.census)
	p.gone(s.client)
	assert.Empty(t, p.slots)
	assert.Zero(t, p.census)
	p.refit(s) // a late word of it
	assert.Zero(t, p.census)
	assert.Empty(t, p.fit)
}
