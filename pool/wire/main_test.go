package wire

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/wsheal/wsheal/internal/echo"
)

// serveEcho, set in the environment, makes the test binary an echo server until its
// stdin ends: benchmarks of memory must not weigh the server too.
const serveEcho = "WSHEAL_WIRE_TEST_SERVE_ECHO"

func TestMain(m *testing.M) {
	if os.Getenv(serveEcho) != "" {
		echo.UntilStdinEnds()
		return
	}
	if os.Getenv(showProxies) != "" {
		for _, u := range environed {
			proxy, err := new(Dialer).Through(u)
			if proxy == nil || err != nil {
				fmt.Println("none")
				continue
			}
			fmt.Println(proxy)
		}
		return
	}
	goleak.VerifyTestMain(m)
}
