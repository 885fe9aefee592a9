package faultrig

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Until waits for a condition that must come true. It asks on the test's own goroutine, so
// that a condition may require things: where one fails there, the test ends.
func Until(t testing.TB, what string, cond func() bool) {
	t.Helper()
	Within(t, Patience, what, cond)
}

// Within is Until for a condition that must come true in a time.
func Within(t testing.TB, limit time.Duration, what string, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for began := time.Now(); !cond(); <-tick.C {
		if waited := time.Since(began); waited > limit {
			require.Failf(t, what, "not within %v, after %v", limit, waited)
		}
	}
}
