package scenarios

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/crowd"
)

// TestSharingTakesThePolicysSection, and nothing of it where clients are alone.
func TestSharingTakesThePolicysSection(t *testing.T) {
	const changed = "clients.policy={base: default, shared: {storm: {spread: 20s}}}"
	s, err := Open("reset-storm", Options{Set: []string{"clients.sharing=shared", changed}})
	require.NoError(t, err)
	assert.Equal(t, Shared, s.Clients.Sharing)
	assert.Equal(t, 20*time.Second, s.Clients.Shared.StormSpread)
	assert.Equal(t, 256, s.Clients.Shared.Dials, "of the base")

	s, err = Open("reset-storm", Options{Set: []string{changed}})
	require.NoError(t, err)
	assert.Equal(t, Alone, s.Clients.Sharing)
	assert.Equal(t, crowd.Policy{}, s.Clients.Shared)

	_, err = Open("reset-storm", Options{Set: []string{"clients.policy.shared.storm.spread=0s"}})
	assert.ErrorContains(t, err, "clients.policy.shared.storm.spread: expected a duration above 0", "what is not used must be right all the same")
}

// TestSharedEndpointsAreDistinct: what is known of an address is kept by the address.
func TestSharedEndpointsAreDistinct(t *testing.T) {
	twice := []string{"clients.endpoints=[{target: blue}, {target: blue, priority: 1}]"}
	_, err := Open("reset-storm", Options{Set: twice})
	require.NoError(t, err, "each alone")
	_, err = Open("reset-storm", Options{Set: append(twice, "clients.sharing=shared")})
	assert.ErrorContains(t, err, "expected each target once where clients share what they know of it, got blue again")
}
