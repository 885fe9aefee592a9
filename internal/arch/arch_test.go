// Package arch holds the floors of the house: which package may import which, as a
// test with a reason per forbidden edge.
package arch

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "github.com/wsheal/wsheal"

// floors is the house from the ground up. A package imports only what lies on a lower
// floor; a package that is not listed has no floor and fails the test.
var floors = map[string]int{
	"pool/heal": 1, "chaos": 1, "report": 1,
	"pool": 2, "pool/policies": 2, "chaos/toxi": 2, "chaos/target": 2, "chaos/proc": 2, "report/live": 2,
	"scenarios":        3,
	"scenarios/engine": 4,
	"cmd/wsheal":       6,
}

// forbidden are the edges that the floors alone would allow, or that deserve their
// reason in words. A trailing /… stands for everything below.
var forbidden = []struct{ from, to, because string }{
	{"pool/…", "chaos/…", "the pool is a library for production; it must not know that it is being tested"},
	{"chaos/…", "pool/…", "a fault must hit any client alike, not only ours"},
	{"pool/…", "report/…", "the pool tells one observer what happened; what is reported of it is decided right of the journal"},
	{"report/…", "pool/…", "reports are a function of the run's files alone, so that they can be computed anywhere, again"},
	{"report/…", "chaos/…", "reports are a function of the run's files alone, so that they can be computed anywhere, again"},
	{"report/…", "scenarios/…", "the journal stands alone: it says all that the report needs of the scenario"},
	{"scenarios/engine", "chaos/toxi", "the engine sees faults only as chaos.Injector; the command line wires the real one"},
	{"scenarios/engine", "chaos/target", "the engine sees targets only through its own interface, embedded or not"},
	{"scenarios/engine", "chaos/proc", "the engine does not start processes; the command line hands it those that run"},
	{"scenarios", "pool", "the format needs the policy's vocabulary, not the pool that drives it"},
	{"scenarios", "chaos/toxi", "the format knows faults, not how they are made"},
	{"scenarios", "chaos/target", "the format knows targets, not how they are made"},
	{"scenarios", "chaos/proc", "reading a scenario starts nothing"},
}

// pure packages decide; they are handed time, randomness and bytes.
var pure = []string{"pool/heal", "chaos", "report"}

var impure = map[string]string{
	"net":              "no sockets on the ground floor",
	"os":               "no files or processes on the ground floor: readers and writers are handed in",
	"os/exec":          "no processes on the ground floor",
	"os/signal":        "no processes on the ground floor",
	"syscall":          "no processes on the ground floor",
	"math/rand":        "randomness is drawn by key, so that runs repeat",
	"math/rand/v2":     "randomness is drawn by key, so that runs repeat",
	"crypto/rand":      "randomness is drawn by key, so that runs repeat",
	"net/http":         "no sockets on the ground floor",
	"golang.org/x/sys": "no system calls on the ground floor",
}

// clocks are the calls that would let a pure package read the time or wait for it.
var clocks = []string{"time.Now(", "time.Since(", "time.Until(", "time.After(", "time.AfterFunc(", "time.NewTimer(", "time.NewTicker(", "time.Sleep(", "time.Tick("}

func TestImportsPointDown(t *testing.T) {
	for from, imports := range imports(t) {
		floor, ok := floors[from]
		if !ok && (strings.HasPrefix(from, "internal/") || strings.HasPrefix(from, "bench")) {
			continue // test plumbing, imported by tests alone
		}
		if !assert.True(t, ok, "package %s has no floor: give it one in floors", from) {
			continue
		}
		for _, to := range imports {
			if !strings.HasPrefix(to, module+"/") {
				continue
			}
			to = strings.TrimPrefix(to, module+"/")
			for _, f := range forbidden {
				if match(f.from, from) && match(f.to, to) {
					t.Errorf("%s imports %s: %s", from, to, f.because)
				}
			}
			assert.Less(t, floors[to], floor, "%s imports %s, which is not on a lower floor", from, to)
			assert.NotZero(t, floors[to], "%s imports %s, which has no floor: test plumbing is for tests", from, to)
		}
	}
}

func TestGroundFloorIsPure(t *testing.T) {
	all := imports(t)
	for _, pkg := range pure {
		require.Contains(t, all, pkg)
		for _, to := range all[pkg] {
			if why, bad := impure[to]; bad {
				t.Errorf("%s imports %s: %s", pkg, to, why)
			}
		}
		for _, file := range sources(t, filepath.Join(root, pkg)) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			for _, call := range clocks {
				assert.NotContains(t, string(text), call, "%s: time comes in as an argument", file)
			}
			assert.NotContains(t, string(text), "\tgo func", "%s: no goroutines on the ground floor", file)
		}
	}
}

// TestForbiddenEdgesNameRealPackages keeps the table from rotting.
func TestForbiddenEdgesNameRealPackages(t *testing.T) {
	for _, f := range forbidden {
		for _, p := range []string{f.from, f.to} {
			found := false
			for pkg := range floors {
				found = found || match(p, pkg)
			}
			assert.True(t, found, "%s names no package", p)
		}
		assert.NotEmpty(t, f.because)
	}
}

const root = "../.."

func match(pattern, pkg string) bool {
	base, below := strings.CutSuffix(pattern, "/…")
	return pkg == base || below && strings.HasPrefix(pkg, base+"/")
}

// imports lists the imports of every package of the module, without its tests.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if name := d.Name(); p != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "runs") {
			return filepath.SkipDir
		}
		for _, file := range sources(t, p) {
			f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
			if err != nil {
				return err
			}
			pkg := path.Clean(filepath.ToSlash(strings.TrimPrefix(p, root+string(filepath.Separator))))
			out[pkg] = append(out[pkg], "")
			for _, i := range f.Imports {
				name, err := strconv.Unquote(i.Path.Value)
				if err != nil {
					return err
				}
				out[pkg] = append(out[pkg], name)
			}
		}
		return nil
	})
	require.NoError(t, err)
	return out
}

func sources(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	var out []string
	for _, f := range files {
		if !strings.HasSuffix(f, "_test.go") {
			out = append(out, f)
		}
	}
	return out
}
