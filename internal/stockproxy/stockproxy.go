// Package stockproxy runs Toxiproxy's own server, as the module has it, in a process of its
// own, for tests: to drive it, to stand beside it, and to notice when it no longer behaves
// as it did.
package stockproxy

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	stock "github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
)

// childEnv makes a test binary the server; its value is how many descriptors it may have.
const childEnv = "WSHEAL_TEST_STOCK_TOXIPROXY"

func init() {
	if fds := os.Getenv(childEnv); fds != "" {
		os.Exit(serve(fds))
	}
}

// serve is what toxiproxy-server does, on a free port. It ends with its stdin.
func serve(fds string) int {
	n, err := strconv.ParseUint(fds, 10, 64)
	if err == nil {
		err = limit(n)
	}
	var ln net.Listener
	if err == nil {
		ln, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	zerolog.SetGlobalLevel(zerolog.Disabled) // some toxics log to a logger of their own
	api := stock.NewServer(stock.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	go func() { _ = http.Serve(ln, api.Routes()) }()
	fmt.Println(ln.Addr())
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}

// Server is one that runs. It ends with the test.
type Server struct {
	Addr string // of its control API, host:port
	PID  int
}

// URL is where its control API is.
func (s *Server) URL() string { return "http://" + s.Addr }

// Start runs a server with so many descriptors; 0: as many as this process has.
func Start(t testing.TB, fds uint64) *Server {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", childEnv, fds))
	var last bytes.Buffer
	cmd.Stderr = &last
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("the stock server's last words: %.2000s", last.Bytes())
		}
	})
	addr, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	return &Server{Addr: strings.TrimSpace(addr), PID: cmd.Process.Pid}
}
