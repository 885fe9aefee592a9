package driver

import (
	"time"

	"github.com/wsheal/wsheal/pool/crowd"
)

// Shared is what makes the clients of a fleet one pool.
type Shared struct {
	Policy crowd.Policy
	// ResolveEvery is how often names are resolved again, ±20 %, and soon after a failure;
	// each address is an endpoint of its own; 0: 30 s; < 0: never, names are resolved by
	// the dial, as they are where Options.DialContext is set without Options.Resolve, and
	// for endpoints behind a proxy.
	ResolveEvery time.Duration
}
