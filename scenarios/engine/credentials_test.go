package engine

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/pool/driver"
	"github.com/wsheal/wsheal/scenarios"
)

// TestCredentialsOf clients: each has its own where it is alone, and keeps what it was given
// when its own were rejected.
func TestCredentialsOf(t *testing.T) {
	s := &scenarios.Scenario{
		Clients: scenarios.Clients{Count: 3, Sharing: scenarios.Alone},
		Faults:  []scenarios.Fault{{Fault: chaos.Fault{Effect: chaos.AuthExpire{TTL: time.Second}}}},
	}
	token := func(of func(client int, rejected *driver.Credentials) driver.Credentials, client int, rejected *driver.Credentials) string {
		return of(client, rejected).Header.Get("Authorization")
	}
	issuer := func() func(client int, rejected *driver.Credentials) driver.Credentials {
		fetch := credentialsOf(s)
		return func(client int, rejected *driver.Credentials) driver.Credentials {
			x, err := fetch(t.Context(), driver.Attempt{Client: client}, rejected)
			require.NoError(t, err)
			return x
		}
	}

	alone := issuer()
	first := alone(1, nil)
	assert.Equal(t, "Bearer wsheal-1-1", token(alone, 1, nil))
	assert.Equal(t, "Bearer wsheal-2-1", token(alone, 2, nil))
	assert.Equal(t, "Bearer wsheal-1-2", token(alone, 1, &first))
	assert.Equal(t, "Bearer wsheal-1-2", token(alone, 1, nil), "it keeps what it was given")
	assert.Equal(t, "Bearer wsheal-1-2", token(alone, 1, &first), "asked for again with the same")
	assert.Equal(t, "Bearer wsheal-2-1", token(alone, 2, nil), "and the others are not concerned")

	s.Clients.Sharing = scenarios.Shared
	pool := issuer()
	first = pool(1, nil)
	assert.Equal(t, "Bearer wsheal-0-2", token(pool, 1, &first))
	assert.Equal(t, "Bearer wsheal-0-2", token(pool, 2, nil))

	s.Faults = nil
	assert.Nil(t, credentialsOf(s), "nothing runs out: nobody needs any")
}
