package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A run is served from before its beginning until after its end, and the end of the
// serving, which is Ctrl-C's, is not that of the run.
func TestServedRun(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	cmd := wsheal(t, "run", "reset-storm", "--set", "clients.count=20", "--set", "clients.ramp=100ms", "--set", "load.rate=40/s",
		"--set", "phases={warmup: 500ms, baseline: 500ms, chaos: 500ms, recovery: 1500ms}", "--set", "hold=500ms",
		"--set", "clients.policy=naive", "--set", "steady_state=[]", "--set", "gates=[messages.lost == 0]",
		"--out", dir, "--serve", "127.0.0.1:0", "--stay", "--log-format", "json")
	stderr, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })

	lines := awaitLine(t, stderr, `"event.action":"serve"`)
	var said struct {
		URL string `json:"url.full"`
	}
	require.NoError(t, json.Unmarshal(lines.Bytes(), &said))
	get := func(path string) string {
		resp, err := http.Get(said.URL + path)
		require.NoError(t, err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, resp.StatusCode, "%s: %s", path, body)
		return string(body)
	}
	// The event of a phase is drawn by the same goroutine that keeps the state for the page,
	// after it has.
	until(t, lines, `"message":"phase chaos`)
	assert.Contains(t, get("metrics"), `wsheal_live_clients{policy="naive",scenario="reset-storm"} 20`)
	assert.Contains(t, get(""), "<bdi>reset-storm</bdi>")
	soFar := get("report")
	assert.Contains(t, soFar, "NO VERDICT")
	assert.Contains(t, soFar, "The run goes on: this is its first ")

	until(t, lines, `"message":"the report stays at `)
	page, err := os.ReadFile(filepath.Join(dir, pageFile))
	require.NoError(t, err)
	assert.Equal(t, string(page), get(""), "the page has become the run's report")
	verdict := readSummary(t, dir).Verdict
	metrics := get("metrics")
	assert.Contains(t, metrics, `wsheal_verdict{scenario="reset-storm",policy="naive",verdict="`+string(verdict)+`"} 1`)
	assert.Contains(t, metrics, `wsheal_live_running{policy="naive",scenario="reset-storm"} 0`)

	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	for lines.Scan() {
		assert.True(t, strings.HasPrefix(lines.Text(), "{"), "%s", lines.Text())
	}
	want := 0
	if e, ok := verdictExit(verdict).(*exitError); ok {
		want = e.code
	}
	assert.Equal(t, want, exitCode(t, cmd.Wait()))
}

// until reads on to a line that has text in it.
func until(t *testing.T, lines interface {
	Scan() bool
	Text() string
}, text string,
) {
	t.Helper()
	for lines.Scan() {
		if strings.Contains(lines.Text(), text) {
			return
		}
	}
	require.Fail(t, "the run ended first", "waiting for %q", text)
}
