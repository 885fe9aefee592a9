package proc

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMonotonicNeverStepsBack(t *testing.T) {
	last := Monotonic()
	assert.Positive(t, last)
	for range 10000 {
		now := Monotonic()
		assert.GreaterOrEqual(t, now, last)
		last = now
	}
}
