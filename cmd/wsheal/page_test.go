package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
)

// servedRun starts a run that is served, and returns it, its log as far as it has to be read,
// and how to get a page of it.
func servedRun(t *testing.T, args ...string) (cmd *exec.Cmd, log *bufio.Scanner, get func(path string) string) {
	t.Helper()
	cmd = wsheal(t, append([]string{"run", "reset-storm", "--serve", "127.0.0.1:0", "--log-format", "json"}, args...)...)
	stderr, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	log = awaitLine(t, stderr, `"event.action":"serve"`)
	var said struct {
		URL string `json:"url.full"`
	}
	require.NoError(t, json.Unmarshal(log.Bytes(), &said))
	return cmd, log, func(path string) string {
		resp, err := http.Get(said.URL + path)
		require.NoError(t, err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, resp.StatusCode, "%s: %s", path, body)
		return string(body)
	}
}

// A run that goes on is served with its state, its metrics, and the report so far.
func TestServedRun(t *testing.T) {
	cmd, log, get := servedRun(t, small...)
	until(t, log, `"message":"phase chaos`) // the page knows what the log tells
	assert.Contains(t, get("metrics"), `wsheal_live_phase{phase="chaos",policy="default",scenario="reset-storm"} 1`)
	assert.Contains(t, get(""), "phase chaos</p>")
	soFar := get("report")
	assert.Contains(t, soFar, "NO VERDICT")
	assert.Contains(t, soFar, "The run goes on: this is its first ")

	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	until(t, log, `"message":"interrupted: faults are cleared`)
	onlyJSON(t, log)
	assert.Equal(t, exitInterrupted, exitCode(t, cmd.Wait()), "--stay was not asked for")
}

// What stays when the run is over is its report, and the end of the serving, which is
// Ctrl-C's, is not that of the run.
func TestServedReportStays(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	cmd, log, get := servedRun(t, "--set", "clients.count=5", "--set", "clients.ramp=10ms", "--set", "load.rate=20/s",
		"--set", "phases={warmup: 200ms, baseline: 200ms, chaos: 0s, recovery: 0s}", "--set", "steady_state=[]",
		"--set", "faults=[]", "--set", "gates=[messages.lost == 0]", "--out", dir, "--stay")
	until(t, log, `"message":"the report stays at `)
	page, err := os.ReadFile(filepath.Join(dir, pageFile))
	require.NoError(t, err)
	assert.Equal(t, string(page), get(""))
	verdict := readSummary(t, dir).Verdict
	metrics := get("metrics")
	assert.Contains(t, metrics, `wsheal_verdict{scenario="reset-storm",policy="default",verdict="`+string(verdict)+`"} 1`)
	assert.Contains(t, metrics, `wsheal_live_running{policy="default",scenario="reset-storm"} 0`)

	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	onlyJSON(t, log)
	want := exitPass
	if e, ok := errors.AsType[*exitError](verdictExit(verdict)); ok {
		want = e.code
	}
	assert.Equal(t, want, exitCode(t, cmd.Wait()))
}

// onlyJSON reads the log to its end.
func onlyJSON(t *testing.T, log *bufio.Scanner) {
	t.Helper()
	for log.Scan() {
		assert.True(t, json.Valid(log.Bytes()), "%s", log.Text())
	}
}

// The log says what the exit code does.
func TestJudgedIsLogged(t *testing.T) {
	for verdict, want := range map[report.Verdict]string{
		report.Pass: `"message":"pass","event.outcome":"success"`, report.Fail: `"message":"fail: a gate is broken","event.outcome":"failure"`,
		report.Invalid: `"event.outcome":"unknown"`, report.Inconclusive: `"event.outcome":"unknown"`,
	} {
		var stderr bytes.Buffer
		f := showFlags{format: asJSON}
		f.judged(verdictExit(verdict)) // without a log nothing is said
		w := system()
		w.stderr = &stderr
		f.open(w)
		f.judged(verdictExit(verdict))
		assert.Contains(t, stderr.String(), `"event.action":"run.judged"`)
		assert.Contains(t, stderr.String(), want)
	}
}

// until reads on to a line that has text in it.
func until(t *testing.T, lines *bufio.Scanner, text string) {
	t.Helper()
	for lines.Scan() {
		if strings.Contains(lines.Text(), text) {
			return
		}
	}
	require.Fail(t, "the run ended first", "waiting for %q", text)
}
