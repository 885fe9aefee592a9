package stockproxy

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// version is that of the module in go.mod; a test holds it.
const version = "v2.12.0"

// CLI builds toxiproxy-cli and returns its path. It needs modules that ours does not, so
// that without them and without a network the test is skipped.
func CLI(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command("go", "install", "github.com/Shopify/toxiproxy/v2/cmd/cli@"+version)
	cmd.Env = append(os.Environ(), "GOBIN="+dir, "GOFLAGS=", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	for _, offline := range []string{"dial tcp", "lookup ", "module lookup disabled"} {
		if err != nil && strings.Contains(string(out), offline) {
			t.Skipf("toxiproxy-cli cannot be built without a network: %s", out)
		}
	}
	require.NoError(t, err, "%s", out)
	return filepath.Join(dir, "cli")
}
