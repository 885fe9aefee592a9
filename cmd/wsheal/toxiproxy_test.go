//go:build linux

package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	stockclient "github.com/Shopify/toxiproxy/v2/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/internal/stockproxy"
)

// viaStock are the arguments of a run of the partition through a stock server.
func viaStock(stock *stockproxy.Server, more ...string) []string {
	args := append([]string{"partition", "--toxiproxy", stock.URL(), "--set", "faults.split.share=100%"}, small...)
	return append(args, more...)
}

// TestRunThroughAStockServer breaks the network with a toxiproxy-server that was there
// before: the fault is confirmed, everybody heals, and the server is as it was.
func TestRunThroughAStockServer(t *testing.T) {
	stock := stockproxy.Start(t, 0)
	theirs := createTheirs(t, stock)
	books := filepath.Join(t.TempDir(), "ledger")
	faults := []string{
		"{name: slow, inject: latency, on: blue, at: chaos, for: 1s, delay: 100ms, jitter: 20ms}",
		"{name: thin, inject: bandwidth, on: blue, at: chaos+1500ms, for: 1500ms, rate: 3000}",
		"{name: split, inject: partition, on: blue, at: chaos+4s, for: 3s}",
	}
	judge(t, []string{"WSHEAL_LEDGER=" + books}, viaStock(stock, "-q", "--set", "faults=["+strings.Join(faults, ", ")+"]", "--set", "hold=500ms", "--set", "gates=[messages.lost == 0]",
		"--set", "phases={warmup: 500ms, baseline: 500ms, chaos: 7s, recovery: 8s}"), func(t testing.TB, s outcome) {
		for i, name := range []string{"slow", "thin", "split"} {
			assert.Equal(t, name, s.Faults[i].Name)
			assert.Equal(t, "confirmed", s.Faults[i].State, s.Faults[i].Why)
			t.Log(s.Faults[i].Why)
		}
		assert.Zero(t, s.Lost["all"])
		assert.Equal(t, theirs, proxiesOf(t, stock))
		files, err := filepath.Glob(filepath.Join(books, "*"))
		require.NoError(t, err)
		assert.Empty(t, files, "everything was struck from the ledger")
	})
}

// TestTLSThroughAStockServer: whoever is at the end of the way, the canaries see what is
// done to it.
func TestTLSThroughAStockServer(t *testing.T) {
	stock := stockproxy.Start(t, 0)
	judge(t, []string{"WSHEAL_LEDGER=" + t.TempDir()}, viaStock(stock, "-q", "--set", "targets.blue={embedded: {tls: true}}", "--set", "hold=500ms", "--set", "gates=[]",
		"--set", "faults=[{name: slow, inject: latency, on: blue, at: chaos, for: 1s, delay: 100ms}]",
		"--set", "phases={warmup: 500ms, baseline: 500ms, chaos: 1s, recovery: 2s}"), func(t testing.TB, s outcome) {
		assert.Equal(t, "confirmed", s.Faults[0].State, s.Faults[0].Why)
		assert.Empty(t, proxiesOf(t, stock))
	})
}

// TestClearRestoresAStockServer kills a run in the middle of a fault. Its proxies and
// toxics are still there; wsheal clear removes them and nothing else, and may be repeated.
func TestClearRestoresAStockServer(t *testing.T) {
	stock := stockproxy.Start(t, 0)
	theirs := createTheirs(t, stock)
	env := append(os.Environ(), "WSHEAL_LEDGER="+filepath.Join(t.TempDir(), "ledger"))
	run := wsheal(t, append([]string{"run", "--out", filepath.Join(t.TempDir(), "run")}, viaStock(stock)...)...)
	run.Env = env
	stderr, err := run.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, run.Start())
	defer func() { _ = run.Process.Kill() }()
	awaitLine(t, stderr, "confirmed")

	clearIt := func() string {
		cmd := wsheal(t, "clear")
		cmd.Env = env
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		return string(out)
	}
	assert.Equal(t, "nothing is left\n", clearIt(), "the run goes on")
	children := childrenOf(t, run.Process.Pid)
	require.NoError(t, run.Process.Kill())
	_ = run.Wait()
	left := proxiesOf(t, stock)
	require.Len(t, left, 2, "a stock server knows nothing of its driver's death")
	require.Eventually(t, func() bool { return !slices.ContainsFunc(children, alive) }, 3*time.Second, 5*time.Millisecond, "the target died with the run")

	said := clearIt()
	assert.Regexp(t, `^cleared toxiproxy proxy wsheal_\S+_blue, url http://127\.0\.0\.1:\d+, left by process \d+\n$`, said)
	assert.Equal(t, theirs, proxiesOf(t, stock))
	assert.Equal(t, "nothing is left\n", clearIt())
}

// createTheirs makes what somebody else has on the server, and returns all that it holds.
func createTheirs(t *testing.T, stock *stockproxy.Server) map[string]json.RawMessage {
	t.Helper()
	p, err := stockclient.NewClient(stock.Addr).CreateProxy("theirs", "127.0.0.1:0", "127.0.0.1:1")
	require.NoError(t, err)
	_, err = p.AddToxic("lag", "latency", "upstream", 1, stockclient.Attributes{"latency": 1})
	require.NoError(t, err)
	return proxiesOf(t, stock)
}

func proxiesOf(t testing.TB, stock *stockproxy.Server) map[string]json.RawMessage {
	t.Helper()
	resp, err := http.Get(stock.URL() + "/proxies")
	require.NoError(t, err)
	defer func() { require.NoError(t, resp.Body.Close()) }()
	all := map[string]json.RawMessage{}
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&all))
	return all
}

// TestAStockServerThatIsNotThere ends a run before it begins, with what is wrong.
func TestAStockServerThatIsNotThere(t *testing.T) {
	out, err := wsheal(t, "run", "partition", "-q", "--toxiproxy", "http://"+freeAddr(t), "--set", "faults.split.share=100%").CombinedOutput()
	assert.Equal(t, exitUsage, exitCode(t, err), string(out))
	assert.Contains(t, string(out), "toxiproxy at http://127.0.0.1:")
	assert.Contains(t, string(out), "connection refused")
	assert.NotContains(t, strings.ToLower(string(out)), "panic")
}
