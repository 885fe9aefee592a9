package scenarios

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/pool/policies"
)

const least = `
scenario: least
targets: {blue: {url: "ws://127.0.0.1:9001/"}}
clients: {count: 3}
`

func TestDefaults(t *testing.T) {
	policy, err := policies.Lookup("default")
	require.NoError(t, err)
	s, err := Parse("least.yaml", []byte(least), Options{})
	require.NoError(t, err)
	assert.Equal(t, &Scenario{
		Name:    "least",
		Seed:    1,
		Targets: []Target{{Name: "blue", URL: "ws://127.0.0.1:9001/"}},
		Clients: Clients{
			Count: 3, Ramp: 2 * time.Second, Sharing: "alone", Policy: policy,
			Endpoints: []Endpoint{{Target: "blue", Weight: 1}},
		},
		Load: Load{Pattern: "echo", Rate: 3, Size: 128, Guarantee: "at-least-once"},
		Phases: []Phase{
			{"warmup", 0, 5 * time.Second},
			{"baseline", 5 * time.Second, 10 * time.Second},
			{"chaos", 10 * time.Second, 20 * time.Second},
			{"recovery", 20 * time.Second, 40 * time.Second},
		},
		Hold: 3 * time.Second,
	}, s)
}

func TestTheRampFitsIntoAShortWarmup(t *testing.T) {
	s, err := Parse("least.yaml", []byte(least), Options{Set: []string{"phases.warmup=500ms"}})
	require.NoError(t, err)
	assert.Equal(t, 500*time.Millisecond, s.Clients.Ramp)
}

func TestFaultsArePlacedInThePlan(t *testing.T) {
	s, err := Parse("f.yaml", []byte(least+`
seed: 7
phases: {warmup: 2s, baseline: 1s, chaos: 5s, recovery: 4s, verify: 0s}
faults:
  - {name: a, inject: reset, at: chaos+1s, share: 30%}
  - {name: b, inject: partition, at: chaos+2s}
  - {name: c, inject: latency, at: recovery, for: 500ms, delay: 20ms, jitter: 5ms, direction: up}
  - {name: d, inject: partition, at: chaos+6s, direction: down, share: 0%}
`), Options{})
	require.NoError(t, err)
	second := time.Second
	assert.Equal(t, []Fault{
		{Fault: chaos.Fault{Name: "a", On: "blue", Share: 0.3, Seed: 7, Conns: chaos.Existing, By: chaos.ByProxy, Effect: chaos.Reset{}}, At: 4 * second},
		{Fault: chaos.Fault{Name: "b", On: "blue", Share: 1, Seed: 7, For: 3 * second, Conns: chaos.AllConns, By: chaos.ByProxy, Effect: chaos.Partition{Direction: chaos.Both}}, At: 5 * second},
		{Fault: chaos.Fault{
			Name: "c", On: "blue", Share: 1, Seed: 7, For: second / 2, Conns: chaos.AllConns, By: chaos.ByProxy,
			Effect: chaos.Latency{Delay: 20 * time.Millisecond, Jitter: 5 * time.Millisecond, Dist: chaos.Uniform, Direction: chaos.Up},
		}, At: 8 * second},
		{Fault: chaos.Fault{Name: "d", On: "blue", Share: 0, Seed: 7, For: 3 * second, Conns: chaos.AllConns, By: chaos.ByProxy, Effect: chaos.Partition{Direction: chaos.Down}}, At: 9 * second},
	}, s.Faults)
}

func TestATargetThatNobodyUsesMayBeFaulted(t *testing.T) {
	s, err := Parse("f.yaml", []byte(`
scenario: idle
targets: {blue: {embedded: }, green: {embedded: {handshake: }}}
clients: {count: 100, endpoints: [{target: blue, priority: 1, weight: 3}]}
faults: [{name: cut, inject: reset, on: green}]
`), Options{})
	require.NoError(t, err)
	assert.Equal(t, []Endpoint{{Target: "blue", Priority: 1, Weight: 3}}, s.Clients.Endpoints)
	assert.False(t, s.Faulted(0))
}

func TestRemoteTargetsNeedPermission(t *testing.T) {
	set := []string{"targets.blue.url=wss://echo.example.com/"}
	_, err := Parse("least.yaml", []byte(least), Options{Set: set})
	assert.ErrorContains(t, err, "--allow-remote")
	s, err := Parse("least.yaml", []byte(least), Options{Set: set, AllowRemote: true})
	require.NoError(t, err)
	assert.True(t, s.AllowRemote)
}

func TestEnvironment(t *testing.T) {
	s, err := Parse("env.yaml", []byte(`
scenario: ${NAME}
about: "costs $${5}, $5 and ${EMPTY}${EMPTY:-cents}"
targets: {blue: {url: "${URL:-ws://127.0.0.1:9001/}"}}
clients:
  count: ${COUNT} # not ${COMMENT}
  policy: {base: "${POLICY}", heed_server: "${HEED:-false}"}
`), Options{Getenv: environment("NAME", "made", "EMPTY", "", "COUNT", "12", "POLICY", "naive")})
	require.NoError(t, err)
	assert.Equal(t, "made", s.Name)
	assert.Equal(t, "costs ${5}, $5 and cents", s.About)
	assert.Equal(t, "ws://127.0.0.1:9001/", s.Targets[0].URL)
	assert.Equal(t, 12, s.Clients.Count)
	assert.Equal(t, time.Second, s.Clients.Policy.Backoff.Cap)
}

// What the environment holds is text: it cannot add fields.
func TestEnvironmentIsNotYAML(t *testing.T) {
	_, err := Parse("env.yaml", []byte("scenario: env\ntargets: ${T}\nclients: {count: 1}\n"),
		Options{Getenv: environment("T", "{blue: {embedded: {}}}")})
	assert.EqualError(t, err, "env.yaml:2: targets: expected a mapping, got a single value")
}

func TestPolicyFiles(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "mine.yaml"), []byte("{base: naive, stable_after: 9s}"), 0o600))
	s, err := Parse(filepath.Join(dir, "s.yaml"), []byte(least), Options{Set: []string{"clients.policy=" + dir + "/mine.yaml"}})
	require.NoError(t, err)
	assert.Equal(t, 9*time.Second, s.Clients.Policy.StableAfter)

	beside, err := Parse(filepath.Join(dir, "s.yaml"), []byte(`
scenario: least
targets: {blue: {url: "ws://127.0.0.1:9001/"}}
clients: {count: 3, policy: mine.yaml}
`), Options{})
	require.NoError(t, err)
	assert.Equal(t, s, beside, "a file that the scenario names is looked for beside it")

	t.Chdir(dir)
	here, err := Parse("elsewhere/s.yaml", []byte(least), Options{Set: []string{"clients.policy=./mine.yaml"}})
	require.NoError(t, err)
	assert.Equal(t, s, here, "a file that an argument names is looked for in the working directory")
}

func TestAliasesStandForWhatTheyName(t *testing.T) {
	s, err := Parse("a.yaml", []byte(`
scenario: aliases
targets:
  blue: &server {embedded: {handshake: {workers: 2, cost: 3ms}}}
  green: *server
clients: {count: 1, endpoints: [{target: blue}]}
`), Options{Set: []string{"targets.green.embedded.handshake.workers=5"}})
	require.NoError(t, err)
	assert.Equal(t, 2, s.Targets[0].Embedded.Handshake.Workers)
	assert.Equal(t, 5, s.Targets[1].Embedded.Handshake.Workers)
}

func TestNoLoad(t *testing.T) {
	s, err := Parse("least.yaml", []byte(least), Options{Set: []string{"load={pattern: none, rate: 5/s}"}})
	require.NoError(t, err)
	assert.Zero(t, s.Load.Rate)
}

func TestSeedsHave64Bits(t *testing.T) {
	s, err := Parse("least.yaml", []byte(least), Options{Set: []string{"seed=18446744073709551615"}})
	require.NoError(t, err)
	assert.Equal(t, uint64(1<<64-1), s.Seed)
}

func TestFilesAreBounded(t *testing.T) {
	_, err := Parse("big.yaml", make([]byte, 64<<10+1), Options{})
	assert.EqualError(t, err, "big.yaml:1: expected at most 64 KiB of YAML")
}

// Depth is what is limited, not how much stands side by side.
func TestManySiblingsAreNotDeep(t *testing.T) {
	text := "scenario: wide\nclients: {count: 1, endpoints: [{target: t}]}\ntargets:\n  t: {embedded: {handshake: {}}}\n"
	for i := range 50 {
		name := strings.Repeat("x", i+1)
		text += "  " + name + ":\n    command:\n    - a\n    url: ws://127.0.0.1/\n"
	}
	for i := range 50 {
		text += fmt.Sprintf("  y%d: {embedded: {}}\n", i)
	}
	s, err := Parse("wide.yaml", []byte(text), Options{})
	require.NoError(t, err)
	assert.Len(t, s.Targets, 101)
}
