package target

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestWhoAConnectionIsOf: clients that are not ours may say no generation.
func TestWhoAConnectionIsOf(t *testing.T) {
	for text, want := range map[string]identity{
		"7/3": {known: true, client: 7, gen: 3},
		"7":   {known: true, client: 7},
	} {
		got, err := parseIdentity(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got)
	}
	for _, text := range []string{"", "/", "7/", "seven", "7/x", "-1", "7/4294967296"} {
		_, err := parseIdentity(text)
		assert.ErrorContains(t, err, "expected client/generation, or a client alone", "%q", text)
	}
}
