package report

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestFewSendsAreNoSample: of fewer than a hundred, one alone would be the p99.
func TestFewSendsAreNoSample(t *testing.T) {
	assert.False(t, late(lateMin-1, lateMin-1))
	assert.False(t, late(1, lateMin))
	assert.True(t, late(2, lateMin))
}
