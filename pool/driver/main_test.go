package driver

import (
	"fmt"
	"io"
	"net"
	"os"
	"testing"

	"github.com/gobwas/ws"
	"go.uber.org/goleak"
)

// serveEcho, set in the environment, makes the test binary an echo server until its
// stdin ends: benchmarks of memory must not weigh the server too.
const serveEcho = "WSHEAL_POOL_TEST_SERVE_ECHO"

func TestMain(m *testing.M) {
	if os.Getenv(serveEcho) != "" {
		echoUntilStdinEnds()
		return
	}
	goleak.VerifyTestMain(m)
}

func echoUntilStdinEnds() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(l.Addr())
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if _, err := ws.Upgrade(c); err == nil {
					echo(c)
				}
			}()
		}
	}()
	_, _ = io.Copy(io.Discard, os.Stdin)
}
