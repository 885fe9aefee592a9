package toxi_test

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos/toxi"
	"github.com/wsheal/wsheal/internal/stockproxy"
)

// TestToxiproxysCommandLineWorks drives our proxy and a stock server by the same commands
// of Toxiproxy's own command line, every one that its help has, and holds that they answer
// alike.
func TestToxiproxysCommandLineWorks(t *testing.T) {
	cli := stockproxy.CLI(t)
	target := newTarget(t)
	steps := [][]string{
		{"list"},
		{"create", "-l", "127.0.0.1:0", "-u", target.addr, "blue"},
		{"create", "-l", "127.0.0.1:0", "-u", target.addr, "blue"}, // again
		{"list"},
		{"inspect", "blue"},
		{"inspect", "nobody"},
		{"toxic", "add", "-t", "latency", "-n", "lag", "-a", "latency=100", "blue"},
		{"toxic", "add", "-t", "bandwidth", "-n", "thin", "-a", "rate=4000", "--tox", "0.5", "-u", "blue"},
		{"toxic", "add", "-t", "slow_close", "-a", "delay=100", "blue"},
		{"toxic", "add", "-t", "timeout", "-n", "cut", "-a", "timeout=1000", "--upstream", "blue"},
		{"toxic", "add", "-t", "slicer", "-n", "crumbs", "-a", "average_size=32", "blue"},
		{"toxic", "add", "-t", "limit_data", "-n", "short", "-a", "bytes=1000", "blue"},
		{"toxic", "add", "-t", "reset_peer", "-n", "rst", "-a", "timeout=0", "blue"},
		{"toxic", "add", "-t", "latency", "-n", "lag", "-a", "latency=1", "-a", "jitter=0", "blue"}, // again
		{"inspect", "blue"},
		{"list"},
		{"toxic", "update", "-n", "lag", "-a", "jitter=25", "blue"},
		{"toxic", "update", "-n", "nobody", "-a", "jitter=25", "blue"},
		{"inspect", "blue"},
		{"toxic", "remove", "-n", "thin", "blue"},
		{"toxic", "delete", "-n", "thin", "blue"}, // again
		{"inspect", "blue"},
		{"toggle", "blue"},
		{"list"},
		{"toggle", "blue"},
		{"list"},
		{"delete", "blue"},
		{"delete", "blue"}, // again
		{"list"},
	}
	ours := serve(t, toxi.NewServer(toxi.Options{}))
	stock := stockproxy.Start(t, 0).Addr
	for _, args := range steps {
		assert.Equal(t, command(t, cli, stock, args), command(t, cli, ours, args), strings.Join(args, " "))
	}
	// What only ours knows goes the same way.
	for _, args := range [][]string{
		{"create", "-l", "127.0.0.1:0", "-u", target.addr, "blue"},
		{"toxic", "add", "-t", "partition", "-n", "split", "-a", "direction=both", "blue"},
	} {
		assert.Contains(t, command(t, cli, ours, args), "exit status 0", strings.Join(args, " "))
	}
	assert.Contains(t, command(t, cli, ours, []string{"toxic", "add", "-t", "latency", "-n", "l", "-a", "latancy=1", "blue"}),
		`unknown attribute "latancy", expected `)
}

// port is what differs between two servers.
var port = regexp.MustCompile(`127\.0\.0\.1:\d+`)

// command is what the command line says, and its exit status.
func command(t *testing.T, cli, host string, args []string) string {
	t.Helper()
	cmd := exec.Command(cli, append([]string{"--host", "http://" + host}, args...)...)
	cmd.Env = append(os.Environ(), "TOXIPROXY_URL=")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil {
		require.ErrorAs(t, err, &exit)
	}
	return port.ReplaceAllString(string(out), "host:port") + cmd.ProcessState.String()
}
