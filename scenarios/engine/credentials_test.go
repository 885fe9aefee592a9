package engine

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/pool/driver"
	"github.com/wsheal/wsheal/scenarios"
)

// TestClientsBringTokensWhereTheyRunOut: a new one for each that was rejected, and none
// where no fault lets them run out, as a 401 is final then.
func TestClientsBringTokensWhereTheyRunOut(t *testing.T) {
	s := &scenarios.Scenario{Faults: []scenarios.Fault{{Fault: chaos.Fault{Effect: chaos.Reset{}}}}}
	assert.Nil(t, credentialsOf(s))
	s.Faults = append(s.Faults, scenarios.Fault{Fault: chaos.Fault{Effect: chaos.AuthExpire{}}})
	fetch := credentialsOf(s)
	require.NotNil(t, fetch)
	first, err := fetch(t.Context(), driver.Attempt{}, nil)
	require.NoError(t, err)
	same, _ := fetch(t.Context(), driver.Attempt{}, nil)
	assert.Equal(t, first, same)
	second, err := fetch(t.Context(), driver.Attempt{}, &first)
	require.NoError(t, err)
	assert.Greater(t, second.Version, first.Version)
	assert.NotEqual(t, first.Header.Get("Authorization"), second.Header.Get("Authorization"))
}
