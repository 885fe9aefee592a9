package engine

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/pool/driver"
	"github.com/wsheal/wsheal/scenarios"
)

// credentialsOf are what the clients prove who they are with, where a fault of the scenario
// lets that run out; else nil: a 401 is final then.
func credentialsOf(s *scenarios.Scenario) func(context.Context, driver.Attempt, *driver.Credentials) (driver.Credentials, error) {
	if !slices.ContainsFunc(s.Faults, func(f scenarios.Fault) bool { return f.Effect.Kind() == (chaos.AuthExpire{}).Kind() }) {
		return nil
	}
	return func(_ context.Context, _ driver.Attempt, rejected *driver.Credentials) (driver.Credentials, error) {
		version := uint64(1)
		if rejected != nil {
			version = rejected.Version + 1
		}
		token := fmt.Sprintf("Bearer wsheal-%d", version)
		return driver.Credentials{Header: http.Header{"Authorization": {token}}, Version: version}, nil
	}
}
