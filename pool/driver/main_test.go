package driver

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/wsheal/wsheal/internal/echo"
)

// serveEcho, set in the environment, makes the test binary an echo server until its
// stdin ends: benchmarks of memory must not weigh the server too.
const serveEcho = "WSHEAL_POOL_TEST_SERVE_ECHO"

func TestMain(m *testing.M) {
	if os.Getenv(serveEcho) != "" {
		echo.UntilStdinEnds()
		return
	}
	goleak.VerifyTestMain(m)
}
