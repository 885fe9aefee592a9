package main

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/internal/fit"
	"github.com/wsheal/wsheal/report"
)

// small is a run that is over soon and asks little of the machine.
var small = []string{
	"--set", "clients.count=40", "--set", "clients.ramp=200ms", "--set", "load.rate=80/s",
	"--set", "phases={warmup: 500ms, baseline: 500ms, chaos: 30s, recovery: 12s}",
	"--set", "steady_state=[]",
}

// wsheal is the command as a process of its own.
func wsheal(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath("wsheal") // testscript.Main put this test binary there
	require.NoError(t, err)
	cmd := exec.Command(path, args...)
	cmd.Dir = t.TempDir()
	return cmd
}

// tries is how often a run is made in which the harness says of itself that it was unfit,
// where another verdict is needed.
const tries = 8

// ran runs a scenario by the real command, with env besides its own.
func ran(t *testing.T, env []string, args ...string) outcome {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	cmd := wsheal(t, append([]string{"run", "--out", dir}, args...)...)
	cmd.Env = append(os.Environ(), env...)
	said, err := cmd.CombinedOutput()
	require.FileExists(t, filepath.Join(dir, summaryFile), "%v: %s", err, said)
	return outcome{readSummary(t, dir), dir, exitCode(t, err), string(said)}
}

// judge runs a scenario and holds the run against what check asserts, and does so again
// where the machine was too busy for it.
func judge(t *testing.T, env, args []string, check func(testing.TB, outcome)) {
	t.Helper()
	var o outcome
	fit.Judge(t, func() *report.Summary {
		o = ran(t, env, args...)
		return o.Summary
	}, func(t testing.TB, _ *report.Summary) { check(t, o) })
}

// outcome is a run, as its files have it.
type outcome struct {
	*report.Summary
	dir  string
	exit int
	said string // on stdout and stderr
}

// awaitLine reads until a line has text in it.
func awaitLine(t *testing.T, r interface{ Read([]byte) (int, error) }, text string) *bufio.Scanner {
	t.Helper()
	var seen []string
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if seen = append(seen, lines.Text()); strings.Contains(lines.Text(), text) {
			return lines
		}
	}
	require.Fail(t, "the run ended first", "waiting for %q: %s", text, strings.Join(seen, "\n"))
	return nil
}

func exitCode(t testing.TB, err error) int {
	t.Helper()
	if err == nil {
		return 0
	}
	e, ok := err.(*exec.ExitError)
	require.True(t, ok, "%v", err)
	return e.ExitCode()
}

func readSummary(t testing.TB, dir string) *report.Summary {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, summaryFile))
	require.NoError(t, err)
	s := new(report.Summary)
	require.NoError(t, json.Unmarshal(text, s))
	return s
}
