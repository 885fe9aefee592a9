//go:build linux

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
)

// TestKilledRunEndsItsFaults kills runs in the middle of every fault that a run carries
// out itself: whatever carries it out is gone within 3 s, and the fault with it. Faults of a
// foreign server are TestClearRestoresAStockServer's.
func TestKilledRunEndsItsFaults(t *testing.T) {
	groups := map[string][]chaos.Kind{}
	for _, k := range chaos.Kinds() {
		name := string(k.Family)
		if k.Name == "tls_cert" || k.Name == "dns" || k.Family == chaos.Peer {
			name = k.Name // it needs a target of its own
		}
		groups[name] = append(groups[name], k)
	}
	for name, kinds := range groups {
		t.Run(name, func(t *testing.T) { killInTheMiddle(t, name, kinds) })
	}
}

// itsName is the name that a fault has in its row's example.
var itsName = regexp.MustCompile(`name: [^,}]+`)

func killInTheMiddle(t *testing.T, group string, kinds []chaos.Kind) {
	var faults []string
	for _, k := range kinds {
		faults = append(faults, itsName.ReplaceAllString(k.Example, "name: "+k.Name))
	}
	args := []string{
		"--set", "clients={count: 20, ramp: 200ms}", "--set", "load.rate=100/s", "--set", "hold=200ms",
		"--set", "phases={warmup: 500ms, baseline: 500ms, chaos: 30s, recovery: 20s}",
		"--set", "steady_state=[]", "--set", "gates=[]", "--set", "faults=[" + strings.Join(faults, ", ") + "]",
	}
	if group == "tls_cert" {
		args = append(args, "--set", "targets.blue={embedded: {tls: true}}")
	}
	if group == "dns" {
		args = append(args, "--set", "targets.blue={embedded: {}, host: blue.test}")
	}
	if group == "zone" {
		args = append(args, "--set", "targets.blue={embedded: {}, zone: a}")
	}
	if out, err := wsheal(t, append([]string{"validate", "steady"}, args...)...).CombinedOutput(); err != nil {
		require.Contains(t, string(out), "is not to be had", "only what this host lacks may be refused")
		t.Skipf("%s", out)
	}
	dir := filepath.Join(t.TempDir(), "run")
	run := wsheal(t, append([]string{"run", "steady", "-q", "--out", dir}, args...)...)
	run.Env = append(os.Environ(), "WSHEAL_LEDGER="+filepath.Join(t.TempDir(), "ledger"))
	var said strings.Builder
	run.Stderr = &said
	require.NoError(t, run.Start())
	defer func() { _ = run.Process.Kill() }()
	require.Eventually(t, func() bool {
		journal, _ := os.ReadFile(filepath.Join(dir, "journal.ndjson"))
		return !slices.ContainsFunc(kinds, func(k chaos.Kind) bool {
			return !strings.Contains(string(journal), `"name":"`+k.Name+`","edge":"confirmed"`) && !strings.Contains(string(journal), `"name":"`+k.Name+`","edge":"cleared"`)
		})
	}, 25*time.Second, 20*time.Millisecond, "not every fault came into force: %s", &said)
	below := descendantsOf(t, run.Process.Pid)
	if group != "kill" && group != "zone" { // whose target is gone for a while
		require.NotEmpty(t, below)
	}
	require.NoError(t, run.Process.Kill())
	_ = run.Wait()
	assert.Eventually(t, func() bool { return !slices.ContainsFunc(below, alive) }, 3*time.Second, 5*time.Millisecond,
		"what carries the faults out has outlived the run by 3 s")
}

// descendantsOf are the children of a process, and theirs.
func descendantsOf(t *testing.T, pid int) []int {
	t.Helper()
	all := childrenOf(t, pid)
	for _, child := range slices.Clone(all) {
		if alive(child) {
			all = append(all, descendantsOf(t, child)...)
		}
	}
	return all
}
