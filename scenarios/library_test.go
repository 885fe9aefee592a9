package scenarios

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLibrary(t *testing.T) {
	assert.Subset(t, Names(), []string{"latency-spike", "partition", "reset-storm", "shared-storm", "steady"})
	assert.Subset(t, Names(), incidents)
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			source, ok := Source(name)
			require.True(t, ok)
			comment, _, _ := strings.Cut(string(source), "\nscenario: "+name+"\n")
			assert.True(t, strings.HasPrefix(comment, "# "), "begins with the question that it asks")
			question, rest, _ := strings.Cut(comment, "?\n#\n")
			assert.NotContains(t, question, ". ")
			assert.Contains(t, rest, "Pass means: ")

			s, err := Open(name, Options{})
			require.NoError(t, err)
			assert.Equal(t, name, s.Name)
			assert.NotEmpty(t, s.About)
			assert.Equal(t, s.About, About(name))
			assert.NotEmpty(t, s.Gates)
			assert.NotEmpty(t, s.Steady)
			assert.Less(t, s.End(), 45*time.Second, "with start and end, within a minute")
		})
	}
}

// incidents are the scenarios that are named after what has happened, to somebody or to many.
var incidents = []string{
	"apigw-2h", "azure-4min-norst", "coder-oom-herd", "ha-dstate-hang", "nginx-60", "nlb-350",
	"pusher-502", "rolling-deploy", "t3-accept-then-close",
}

// TestIncidentsSayWhereTheyAreFrom: each has its source, and the scale of its times.
func TestIncidentsSayWhereTheyAreFrom(t *testing.T) {
	for _, name := range incidents {
		source, _ := Source(name)
		assert.Regexp(t, `(?m)^# Source: \S`, string(source), name)
		assert.Regexp(t, `(?m)^# Scale: \S`, string(source), name)
	}
}

func TestAboutOfNothing(t *testing.T) { assert.Empty(t, About("nothing")) }

// The variants that comments and the README offer are valid, too.
func TestLibraryVariants(t *testing.T) {
	for name, sets := range map[string][][]string{
		"reset-storm": {
			{"clients.count=5000"},
			{"targets.blue.embedded.handshake={workers: 1, cost: 2ms, queue: 200, overflow: 503}"},
			{"targets.blue.embedded.handshake={workers: 1, cost: 2ms, queue: 200, overflow: 503}", "clients.policy=naive"},
			{"faults.cut.share=0%"},
		},
		"partition": {
			{"faults.split.for=1s", "gates=[recovery.lost == 0, messages.lost == 0]"},
		},
		"shared-storm":         {{"clients.sharing=alone"}},
		"nginx-60":             {{"clients.policy.ping.every=1s"}},
		"t3-accept-then-close": {{"clients.policy=naive"}},
		"coder-oom-herd":       {{"clients.policy=naive"}},
		"rolling-deploy":       {{"faults.deploy.drain=none"}},
		"zone-loss":            {{"faults.az={name: az, inject: zone, zone: a, how: partition, at: chaos}"}},
		"blip":                 {{"clients.policy=fixed"}},
		"retry-after":          {{"clients.policy=naive"}},
		"metastable":           {{"clients.policy={base: fixed, handshake_timeout: 1s}"}},
		"latency-spike":        {{"faults.slow.jitter=20ms"}, {"faults.slow.delay=250ms"}},
	} {
		for _, set := range sets {
			_, err := Open(name, Options{Set: set})
			assert.NoError(t, err, "%s %v", name, set)
		}
	}
}

func TestOpenSaysWhatThereIs(t *testing.T) {
	_, err := Open("reset-strom", Options{})
	assert.EqualError(t, err, "reset-strom: no such file, and no such scenario in the library; did you mean reset-storm?")
	_, err = Open("nothing.yaml", Options{})
	assert.EqualError(t, err, "nothing.yaml: no such file, and no such scenario in the library; scenarios are "+strings.Join(Names(), ", "))
	_, err = Open(t.TempDir(), Options{})
	assert.ErrorContains(t, err, "read scenario: ")
}

func TestOpenReadsFilesAndTheEnvironment(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("COUNT", "12")
	require.NoError(t, os.WriteFile("steady", []byte("scenario: mine\ntargets: {blue: {embedded: }}\nclients: {count: \"${COUNT}\"}\n"), 0o600))
	s, err := Open("./steady", Options{})
	require.NoError(t, err)
	assert.Equal(t, "mine", s.Name)
	assert.Equal(t, 12, s.Clients.Count)
	s, err = Open("steady", Options{})
	require.NoError(t, err)
	assert.Equal(t, "steady", s.Name, "a name of the library is no file")
	_, err = Open(filepath.Join(".", "steady"), Options{Getenv: environment()})
	assert.NoError(t, err)
}
