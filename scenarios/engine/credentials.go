package engine

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/pool/driver"
	"github.com/wsheal/wsheal/scenarios"
)

// credentialsOf are what the clients prove who they are with, where a fault of the scenario
// lets that run out; else nil: a 401 is final then. Clients that are alone have each their
// own, those of one pool have them in common.
func credentialsOf(s *scenarios.Scenario) func(context.Context, driver.Attempt, *driver.Credentials) (driver.Credentials, error) {
	if !slices.ContainsFunc(s.Faults, func(f scenarios.Fault) bool { return f.Effect.Kind() == (chaos.AuthExpire{}).Kind() }) {
		return nil
	}
	owners := 1
	if s.Clients.Sharing == scenarios.Alone {
		owners = s.Clients.Count
	}
	newest := make([]atomic.Uint64, owners) // the version that was given out last, counting from 0
	return func(_ context.Context, a driver.Attempt, rejected *driver.Credentials) (driver.Credentials, error) {
		owner := a.Client % owners
		if rejected != nil {
			newest[owner].CompareAndSwap(rejected.Version-1, rejected.Version)
		}
		version := newest[owner].Load() + 1
		token := fmt.Sprintf("Bearer wsheal-%d-%d", owner, version)
		return driver.Credentials{Header: http.Header{"Authorization": {token}}, Version: version}, nil
	}
}
