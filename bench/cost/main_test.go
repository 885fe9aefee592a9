package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/bench/cost/client"
	"github.com/wsheal/wsheal/bench/cost/server"
)

// TestMain lets the test binary play the children's parts, and the whole command.
func TestMain(m *testing.M) {
	if _, part := parts[first(os.Args[1:])]; part {
		os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}
	if first(os.Args[1:]) == "whole" {
		os.Args = os.Args[1:]
		main()
	}
	os.Exit(m.Run())
}

// Everything once, with so little that only what is written can be judged, not the figures.
func TestSmoke(t *testing.T) {
	dir := t.TempDir()
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{
		"--clients", "fleet,gws", "--pairs", "1", "--repeats", "0", "--conns", "20", "--busy", "4", "--lost", "20",
		"--inflight", "8", "--window", "40ms", "--seed", "1", "--out", dir,
	}, &stdout, &stderr)
	require.Zero(t, code, "%s", &stderr)
	out := stdout.String()
	for _, want := range []string{
		"idle: 20 connections", "echo: closed loop, 4 connections", "burst: closed loop", "reconnect: 20 connections",
		"bar fleet <= 1.5 x gobwas in rss-B/conn: open (", "bar fleet <= 1.2 x gobwas-bufio in us-CPU/msg: open (",
		"bar fleet >= 3 x gobwas-bufio in msgs/CPU-s: open (", "bar fleet <= 1.25 x gobwas in ms-usable: open (",
		"of 1 pairs, too few for an interval",
	} {
		assert.Contains(t, out, want)
	}
	for _, name := range []string{"fleet", "gws", "gobwas", "gobwas-bufio"} {
		assert.Contains(t, stderr.String(), name+" conforms\n")
	}
	// Four workloads, two clients, each with its baseline.
	line := regexp.MustCompile(`(?m)^BenchmarkCost/workload=\w+/pair=\w+/client=[\w-]+-\d+\t1(\t[-+.e\d]+ [\w/-]+)+$`)
	assert.Len(t, line.FindAllString(out, -1), 16)
	table, err := os.ReadFile(filepath.Join(dir, "cost.txt"))
	require.NoError(t, err)
	lines, err := os.ReadFile(filepath.Join(dir, "bench.txt"))
	require.NoError(t, err)
	assert.Equal(t, out, string(table)+"\n"+string(lines))
}

func TestUsage(t *testing.T) {
	for args, want := range map[string]string{
		"--only idle,nothing":      "--only nothing: expected idle, echo, burst, reconnect",
		"--clients nobody":         "--clients nobody: expected coder, fleet,",
		"--pairs 0 --conns 0":      "--pairs 0: expected 1 or more\n--conns 0: expected 1 or more",
		"--repeats -1 --window 0s": "--repeats -1: expected 0 or more\n--window 0s: expected a time",
		"--lost 100000000":         "descriptors are needed, the system allows",
		"--pairs many":             "invalid value",
		"all":                      `["all"]: expected flags alone`,
	} {
		var stdout, stderr bytes.Buffer
		assert.Equal(t, 2, run(t.Context(), strings.Fields(args), &stdout, &stderr), args)
		assert.Contains(t, stderr.String(), want)
		assert.Empty(t, stdout.String())
	}
}

func TestHelp(t *testing.T) {
	var stdout, stderr bytes.Buffer
	require.Zero(t, run(t.Context(), []string{"-h"}, &stdout, &stderr))
	assert.Contains(t, stderr.String(), "-pairs int")
}

func TestEveryNameIsAClient(t *testing.T) {
	names := rivalNames()
	for _, p := range plans(&settings{}) {
		names = append(names, p.baseline)
		assert.Subset(t, p.rivals, ours)
	}
	for _, name := range names {
		_, ok := client.Named(name)
		assert.True(t, ok, name)
	}
	assert.Subset(t, names, client.Names(), "nobody is left out")
}

func TestAChildThatFailsSaysWhy(t *testing.T) {
	require.ErrorContains(t, testClient(t.Context(), "nobody"), "expected one of")
	p := plans(&settings{only: []string{"echo"}})[0]
	s := settings{busy: 1, inFlight: 1, window: time.Millisecond}
	_, err := do(t.Context(), s.job(p, "gobwas", server.Hello{URLs: []string{"ws://127.0.0.1:1/"}, Pid: os.Getpid()}))
	require.ErrorContains(t, err, "refused")
}

// Ctrl-C in the middle of a measurement leaves no process behind.
func TestInterruptEndsTheChildren(t *testing.T) {
	cmd := exec.Command(os.Args[0], "whole", "--only", "echo", "--clients", "fleet", "--window", "1m", "--pairs", "1", "--busy", "2")
	stderr, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var said bytes.Buffer
	buf := make([]byte, 4096)
	for !strings.Contains(said.String(), "seed ") { // the server runs, and the first measurement begins
		n, err := stderr.Read(buf)
		require.NoError(t, err, "%s", &said)
		said.Write(buf[:n])
	}
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	for err == nil {
		var n int
		n, err = stderr.Read(buf) // ends when the last child has closed it
		said.Write(buf[:n])
	}
	require.Error(t, cmd.Wait())
	assert.Equal(t, 130, cmd.ProcessState.ExitCode(), "%s", &said)
	assert.Contains(t, said.String(), "interrupted")
	assert.Empty(t, childrenOf(t, cmd.Process.Pid))
}

// childrenOf lists processes whose environment says that they were started by pid.
func childrenOf(t *testing.T, pid int) (found []string) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	require.NoError(t, err)
	mark, err := json.Marshal(pid)
	require.NoError(t, err)
	for _, f := range files {
		env, _ := os.ReadFile(f) // processes come and go
		if bytes.Contains(env, append([]byte("WSHEAL_PARENT="), append(mark, 0)...)) {
			found = append(found, f)
		}
	}
	return found
}
