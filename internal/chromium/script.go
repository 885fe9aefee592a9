package chromium

import (
	"os"
	"path/filepath"
	"testing"
)

// Script is a script of an npm package that is installed in one of NODE_PATH's folders. A
// test is skipped where it is not, unless the environment demands a browser.
func Script(t testing.TB, name string) string {
	t.Helper()
	for _, dir := range filepath.SplitList(os.Getenv("NODE_PATH")) {
		if text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name))); err == nil {
			return string(text)
		}
	}
	const hint = "there is no %s in NODE_PATH: make browser installs it"
	if os.Getenv(needed) != "" {
		t.Fatalf(hint, name)
	}
	t.Skipf(hint, name)
	return ""
}
