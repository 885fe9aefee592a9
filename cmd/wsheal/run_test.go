package main

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/report/live"
)

// TestExitCodes: every verdict has its own, and none but a pass is 0.
func TestExitCodes(t *testing.T) {
	for verdict, want := range map[report.Verdict]int{report.Pass: 0, report.Fail: 99, report.Inconclusive: 75, report.Invalid: 75} {
		err := verdictExit(verdict)
		if want == 0 {
			require.NoError(t, err)
			continue
		}
		e, ok := errors.AsType[*exitError](err)
		require.True(t, ok, "%v", verdict)
		assert.Equal(t, want, e.code, "%v", verdict)
		assert.Empty(t, err.Error(), "the report has said why")
	}
	assert.NoError(t, usage(nil))
}

// TestCommandLineRepeatsTheRun through a shell.
func TestCommandLineRepeatsTheRun(t *testing.T) {
	f := runFlags{out: "runs/x", scenarioFlags: scenarioFlags{allowRemote: true, set: []string{"clients.count=5", "load={rate: 1/s}", "a=it's", "b=$HOME"}}}
	line := quoted("my scenario.yaml", f)
	assert.Equal(t, `'my scenario.yaml' --set clients.count=5 --set 'load={rate: 1/s}' --set 'a=it'\''s' --set 'b=$HOME' --allow-remote`, line)
	assert.Equal(t, "reset-storm", quoted("reset-storm", runFlags{}))
	assert.Equal(t, "''", shellQuote(""))
}

// TestServersRefuseOtherHosts unless the command line allows them.
func TestServersRefuseOtherHosts(t *testing.T) {
	for _, args := range [][]string{
		{"target", "--listen", "0.0.0.0:0"},
		{"target", "--control", "0.0.0.0:0"},
		{"proxy", "--listen", "0.0.0.0:0"},
	} {
		var stderr bytes.Buffer
		w := system()
		w.stdout, w.stderr = io.Discard, &stderr
		assert.Equal(t, exitUsage, execute(args, w), "%v", args)
		assert.Contains(t, stderr.String(), "loopback", "%v", args)
	}
}

// TestProgressKeepsOffStdout: results there, progress on stderr, none when quiet.
func TestProgressKeepsOffStdout(t *testing.T) {
	for _, quiet := range []bool{false, true} {
		var stdout, stderr strings.Builder
		w := system()
		w.stdout, w.stderr = &stdout, &stderr
		p := progress{w: w, showFlags: showFlags{quiet: quiet}, track: live.NewTracker(live.Plan{})}
		p.show(t.Context(), time.Now())
		p.track.Note(0, "something happened")
		p.stop()
		assert.Empty(t, stdout.String())
		assert.Equal(t, quiet, stderr.String() == "", stderr.String())
	}
}
