package pool

import (
	"context"
	"errors"
	"math"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/crowd"
	"github.com/wsheal/wsheal/pool/heal"
)

func TestEachFaultIsToldOnceByConfigsName(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"Endpoints: no endpoints": func(c *Config) { c.Endpoints = nil },
		"Endpoints[0].URL: expected a URL such as ws://host:port/path, got \"nonsense\"":                  func(c *Config) { c.Endpoints[0].URL = "nonsense" },
		"Endpoints[0].URL: expected a port from 1 to 65535, got \"ws://a:0/\"":                            func(c *Config) { c.Endpoints[0].URL = "ws://a:0/" },
		"Endpoints[0].URL: expected a port from 1 to 65535, got \"ws://a:65536/\"":                        func(c *Config) { c.Endpoints[0].URL = "ws://a:65536/" },
		"Endpoints[0].URL: expected no fragment (RFC 6455 3), got \"ws://a/#b\"":                          func(c *Config) { c.Endpoints[0].URL = "ws://a/#b" },
		"Max: expected at most 1048576, got 1048577\nMin: expected at most 1048576, got 1048577":          func(c *Config) { c.Min, c.Max = most+1, most+1 },
		"Max: expected at most 1048576, got 9223372036854775807":                                          func(c *Config) { c.Max = math.MaxInt },
		"Sessions: expected 0 to 1048576, got 1048577":                                                    func(c *Config) { c.Sessions = most + 1 },
		"Size.Load: expected a number above 0, or 0 for the default, got -1":                              func(c *Config) { c.Size.Load = -1 },
		"Size.ShrinkAt: expected less than where it grows, 0.2, got 0.5":                                  func(c *Config) { c.Size.GrowAt, c.Size.ShrinkAt = 0.2, 0.5 },
		"QueueMessages: expected at least 1, got -1":                                                      func(c *Config) { c.QueueMessages = -1 },
		"InboxFrames: expected at least 1, got -1":                                                        func(c *Config) { c.InboxFrames = -1 },
		"Header: header Upgrade: expected none, it is the handshake's":                                    func(c *Config) { c.Header = http.Header{"Upgrade": {"x"}} },
		"Subprotocols[0]: expected a token of letters, digits, . and -, got \"a b\"":                      func(c *Config) { c.Subprotocols = []string{"a b"} },
		"Policy.PingEvery: expected 0, or a duration of at least 1ms, at most 24h, got 1ns":               func(c *Config) { c.Policy.PingEvery = 1 },
		"Policy.CheckEvery: expected 0, or a duration of at least 1ms, at most 24h, got 1ns":              func(c *Config) { c.Policy.CheckEvery = 1 },
		"Policy.Rules[0].Verdict: expected retry, planned, throttled, elsewhere, reauth or give-up, got ": func(c *Config) { c.Policy.Rules = []heal.Rule{{Cause: heal.Reset}} },
		"ResolveEvery: expected at least 1ms, or 0 for the default, or less for never, got 1ns":           func(c *Config) { c.ResolveEvery = 1 },
		"RestartAfter: expected at least 1ms, or 0 for the default, or less for never, got 1ns":           func(c *Config) { c.RestartAfter = 1 },
		"Crowd.EjectFor: expected a duration above 0, at most 24h, or 0 for the default, got -1ns":        func(c *Config) { c.Crowd.EjectFor = -1 },
		"Endpoints: endpoint 1: expected each key once, got \"a\" again":                                  func(c *Config) { c.Endpoints = append(c.Endpoints, c.Endpoints[0]) },
	} {
		c := Config{Endpoints: []Endpoint{{Name: "a", URL: "ws://10.0.0.1/"}}, Policy: DefaultPolicy(), MinReady: -1}
		change(&c)
		p, err := Open(context.Background(), c)
		if !assert.EqualError(t, err, "open pool: "+want) && err == nil {
			require.NoError(t, p.Close(context.Background()))
		}
	}
}

func TestAPolicyThatIsPartlyFilledIsNotReplaced(t *testing.T) {
	_, err := Open(context.Background(), Config{Endpoints: []Endpoint{{URL: "ws://a/"}}, Policy: heal.Policy{PingEvery: time.Second}})
	for _, field := range []string{"HandshakeTimeout", "ProveTimeout", "PingTimeout", "Backoff.Base"} {
		assert.ErrorContains(t, err, "Policy."+field+": expected")
	}
}

// TestFaultsNameFields: whatever is wrong with a policy, it is named as the field in Go.
func TestFaultsNameFields(t *testing.T) {
	all := map[reflect.Type][]error{}
	bad := heal.Policy{
		HandshakeTimeout: -1, ProveTimeout: -1, PingEvery: -1, PingTimeout: -1, PingTimeoutMin: -1, ExpectPing: -1, WriteStall: -1,
		CheckEvery: -1, Lifetime: -1, DrainTimeout: -1, First: heal.First{Rule: heal.Spread}, StableAfter: -1, ResetOn: 9,
		Backoff: heal.Backoff{Base: -1, Cap: -2, Factor: -1, Jitter: 99}, Rules: []heal.Rule{{From: 2, To: 1}},
	}
	policy := reflect.TypeFor[heal.Policy]()
	for _, f := range bad.Faults() {
		all[policy] = append(all[policy], f)
	}
	bad.First = heal.First{Rule: 99}
	for _, f := range bad.Faults() {
		all[policy] = append(all[policy], f)
	}
	all[reflect.TypeFor[crowd.Policy]()] = (&crowd.Policy{
		Balance: 9, StormShare: -1, StormLeast: -1, StormWindow: -1, StormSpread: -1, Dials: -1, EndpointDials: -1, LatencyFactor: -1,
		Budget: -1, BudgetCost: -1, Floor: -1, EjectAfter: -1, EjectFor: -1, EjectCap: -1, EjectShare: -1, Probes: -1, ProbeLease: -1,
		PanicBelow: -1, WarmUp: -1, FailbackHold: -1, RebalanceAt: 0.5, RebalanceAfter: -1, RebalanceRate: -1,
	}).Faults()
	all[reflect.TypeFor[Config]()] = (&crowd.SizePolicy{Min: -1, Load: -1, GrowAt: -1, ShrinkAt: 2, IdleAfter: -1, ShrinkStep: 2}).Faults()
	for in, faults := range all {
		require.Greater(t, len(faults), 5)
		for _, err := range faults {
			var f heal.Fault
			require.True(t, errors.As(err, &f))
			at := in
			for name := range strings.SplitSeq(fieldOf(f.Field), ".") {
				name, _, list := strings.Cut(name, "[")
				field, ok := at.FieldByName(name)
				require.True(t, ok, "%s of %s: %s", name, at, f.Field)
				if at = field.Type; list {
					at = at.Elem()
				}
			}
		}
	}
}
