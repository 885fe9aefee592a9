package main

import (
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestForeignServer runs against a server that is not ours, npm's ws, once started by the
// run and once found at its URL. It needs node, and ws where node looks for it (NODE_PATH).
func TestForeignServer(t *testing.T) {
	if err := exec.Command("node", "-e", `require("ws")`).Run(); err != nil {
		t.Skip("node with the ws package is not installed here")
	}
	script, err := filepath.Abs("../../testdata/node/echo.js")
	require.NoError(t, err)

	t.Run("command", func(t *testing.T) {
		addr := freeAddr(t)
		_, port, err := net.SplitHostPort(addr)
		require.NoError(t, err)
		healsAt(t, fmt.Sprintf(`targets.blue={command: [node, %q, %q], url: "ws://%s/"}`, script, port, addr))
		_, err = net.Dial("tcp", addr)
		assert.Error(t, err, "the server ended with the run")
	})
	t.Run("url", func(t *testing.T) {
		addr := freeAddr(t)
		_, port, err := net.SplitHostPort(addr)
		require.NoError(t, err)
		server := exec.Command("node", script, port)
		require.NoError(t, server.Start())
		defer func() {
			_ = server.Process.Kill()
			_ = server.Wait()
		}()
		require.Eventually(t, func() bool {
			c, err := net.Dial("tcp", addr)
			if err == nil {
				err = c.Close()
			}
			return err == nil
		}, 20*time.Second, 20*time.Millisecond)
		healsAt(t, fmt.Sprintf(`targets.blue={url: "ws://%s/"}`, addr))
	})
}

// healsAt resets every connection to a target and holds the report against what must be
// true of any server that echoes.
func healsAt(t *testing.T, target string) {
	t.Helper()
	judge(t, nil, []string{
		"reset-storm", "-q", "--set", target,
		"--set", "clients.count=40", "--set", "clients.ramp=200ms", "--set", "load.rate=80/s", "--set", "hold=500ms",
		"--set", "phases={warmup: 1s, baseline: 1s, chaos: 500ms, recovery: 9s}", "--set", "steady_state=[]",
	}, func(t testing.TB, s outcome) {
		assert.Equal(t, "confirmed", s.Faults[0].State, s.Faults[0].Why)
		assert.Equal(t, 40, s.Faults[0].SawReset)
		assert.Equal(t, 40, s.Recovery.Healed)
		assert.Zero(t, s.Lost["all"])
		for _, m := range []string{"recovery.t99", "storm.peak_1s", "messages.lost", "latency.p99", "avail.time"} {
			assert.Contains(t, s.Metrics, m)
		}
		assert.Len(t, s.Gates, 3)
	})
}

// freeAddr is an address of the loopback on which nobody listens.
func freeAddr(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	return ln.Addr().String()
}
