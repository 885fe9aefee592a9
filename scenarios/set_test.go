package scenarios

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/pool/policies"
)

func resetStorm(t *testing.T, set ...string) (*Scenario, error) {
	t.Helper()
	data, ok := Source("reset-storm")
	require.True(t, ok)
	return Parse("reset-storm.yaml", data, Options{Set: set})
}

func TestSet(t *testing.T) {
	naive, err := policies.Lookup("naive")
	require.NoError(t, err)
	fallback, err := policies.Lookup("default")
	require.NoError(t, err)
	for _, c := range []struct {
		set   string
		check func(t *testing.T, s *Scenario)
	}{
		{"clients.count=5000", func(t *testing.T, s *Scenario) { assert.Equal(t, 5000, s.Clients.Count) }},
		{"clients.policy=naive", func(t *testing.T, s *Scenario) { assert.Equal(t, naive, s.Clients.Policy) }},
		{"clients.policy.ping.every=4s", func(t *testing.T, s *Scenario) {
			want := fallback
			want.Name, want.PingEvery = s.Clients.Policy.Name, 4*time.Second
			assert.Equal(t, want, s.Clients.Policy)
		}},
		{"faults.cut.share=0%", func(t *testing.T, s *Scenario) { assert.Zero(t, s.Faults[0].Share) }},
		{"faults.0.share=0.25", func(t *testing.T, s *Scenario) { assert.Equal(t, 0.25, s.Faults[0].Share) }},
		{"faults.cut.inject=partition", func(t *testing.T, s *Scenario) {
			assert.Equal(t, chaos.Partition{Direction: chaos.Both}, s.Faults[0].Effect)
		}},
		{"clients.endpoints.blue.weight=7", func(t *testing.T, s *Scenario) { assert.Equal(t, 7, s.Clients.Endpoints[0].Weight) }},
		{"gates.0=recovery.t99 < 9s", func(t *testing.T, s *Scenario) { assert.Equal(t, "recovery.t99 < 9s", s.Gates[0].Text) }},
		{"gates=[messages.lost == 0]", func(t *testing.T, s *Scenario) {
			require.Len(t, s.Gates, 1)
			assert.Equal(t, "messages.lost", s.Gates[0].Metric)
		}},
		{"steady_state=", func(t *testing.T, s *Scenario) { assert.Empty(t, s.Steady) }},
		{"targets.blue.embedded.handshake={workers: 1, cost: 2ms, queue: 200, overflow: 503}", func(t *testing.T, s *Scenario) {
			assert.Equal(t, Handshake{Workers: 1, Cost: 2 * time.Millisecond, Queue: 200, Overflow: "503"}, s.Targets[0].Embedded.Handshake)
		}},
		{"targets.green={embedded: {}}", func(t *testing.T, s *Scenario) { assert.Len(t, s.Targets, 2) }},
		{"about=a = b", func(t *testing.T, s *Scenario) { assert.Equal(t, "a = b", s.About) }},
	} {
		t.Run(c.set, func(t *testing.T) {
			s, err := resetStorm(t, c.set)
			require.NoError(t, err)
			c.check(t, s)
		})
	}
}

func TestSetMakesMappings(t *testing.T) {
	s, err := Parse("least.yaml", []byte(least), Options{Set: []string{"load.rate=9/s", "clients.policy.stable_after=9s", "clients.policy.ping.every=9s"}})
	require.NoError(t, err)
	assert.Equal(t, 9.0, s.Load.Rate)
	assert.Equal(t, 9*time.Second, s.Clients.Policy.StableAfter)
	assert.Equal(t, 9*time.Second, s.Clients.Policy.PingEvery)
}

func TestTheLastSetWins(t *testing.T) {
	s, err := resetStorm(t, "clients.count=5", "clients.count=6")
	require.NoError(t, err)
	assert.Equal(t, 6, s.Clients.Count)
}

func TestSetMistakesNameTheArgument(t *testing.T) {
	for set, want := range map[string]string{
		"clients.countt=5":              "clients.countt: there is no such field; did you mean count?",
		"clients.count=many":            "clients.count: expected a whole number from 1 to 1000000, got many",
		"clients":                       "expected path=value",
		"=5":                            "expected path=value",
		"clients.count.x=5":             "clients.count: expected a mapping or a list to go into, got 1000",
		"faults.cutt.share=0%":          "faults: there is no item cutt; did you mean cut?",
		"faults.1.share=0%":             "faults: there is no item 1; the only item is 0, by name cut",
		"gates.99=x":                    "gates: there is no item 99; items are 0 to 2",
		"gates.-1=x":                    "gates: there is no item -1; items are 0 to 2",
		"faults.split.share=0%":         "faults: there is no item split; the only item is 0, by name cut",
		"targets.blue={embedded: {}":    "expected a value in YAML: could not find flow mapping end token '}'",
		"clients.policy=nave":           "clients.policy: expected " + strings.Join(policies.Names(), ", ") + ` or a .yaml file, got "nave"`,
		"clients.policy.pang=1s":        "clients.policy.pang: expected one of name, about, base, handshake_timeout, prove_timeout, ping, expect_ping, write_stall, check, lifetime, drain_timeout, first, backoff, stable_after, reset_on, heed_server, rules, shared",
		"faults.cut={inject: reset}":    "faults.0.name: required: unique in the scenario",
		"faults.cut.on=red":             "faults.cut.on: there is no target red; targets are blue",
		"targets.blue.url=ws://8.8.8.8": "targets.blue: expected embedded alone, or url with or without command, got both",
	} {
		t.Run(set, func(t *testing.T) {
			_, err := resetStorm(t, set)
			var mistakes Mistakes
			require.ErrorAs(t, err, &mistakes)
			assert.Contains(t, mistakes.Error(), want)
			if m := mistakes[len(mistakes)-1]; set != "targets.blue.url=ws://8.8.8.8" {
				assert.Equal(t, "--set "+set, m.File)
				assert.Zero(t, m.Line)
				assert.Equal(t, "--set "+set+": "+want, m.String())
			}
		})
	}
}

func TestMistakesOfArgumentsComeLast(t *testing.T) {
	_, err := Parse("x.yaml", []byte("scenario: x\ntargets: {}\nclients: {count: 0}\n"), Options{Set: []string{"seed=-1", "hold=5"}})
	assert.EqualError(t, err, `x.yaml:2: targets: expected at least one target
x.yaml:3: clients.count: expected a whole number from 1 to 1000000, got 0
--set seed=-1: seed: expected a whole number from 0 to 2^64-1, got -1
--set hold=5: hold: expected a duration such as 250ms or 8s, got 5`)
}
