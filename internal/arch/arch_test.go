// Package arch holds the floors of the house: which package may import which, as a
// test with a reason per forbidden edge.
package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "github.com/wsheal/wsheal"

// floors is the house from the ground up: the floor, and the step on it. A package imports
// only what lies lower; a package that is not listed has no floor and fails the test.
var floors = map[string]int{
	"pool/heal": 10, "pool/crowd": 11, "chaos": 10, "report": 10, "report/export": 12,
	"pool/policies": 20, "pool/wire": 20, "pool/driver": 21, "pool": 22, "pool/prom": 23, "pool/failures": 23, "pool/soak": 23,
	"chaos/door": 15, "chaos/zone": 15, "chaos/consumer": 20, "chaos/dns": 20, "chaos/toxi": 20, "chaos/target": 20, "chaos/proc": 20, "chaos/ledger": 20, "chaos/foreign": 21, "chaos/kernel": 21, "report/live": 20, "report/serve": 21,
	"report/compare":   11,
	"report/league":    12,
	"scenarios":        30,
	"scenarios/engine": 40,
	"scenarios/trial":  50, "scenarios/selftest": 50,
	"cmd/wsheal": 60,
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
	{"cmd/wsheal", "pool/driver", "only the engine knows both the pool and the report; the command line has no logic"},
	{"scenarios", "report/live", "the format is read where nobody watches"},
	{"scenarios/engine", "chaos/toxi", "the engine sees faults only as chaos.Injector; the command line wires the real one"},
	{"scenarios/engine", "chaos/foreign", "the engine sees faults only as chaos.Injector; the command line wires the real one"},
	{"scenarios/engine", "chaos/consumer", "the engine sees faults only as chaos.Injector; the command line wires the real one"},
	{"scenarios/engine", "chaos/dns", "the engine sees faults only as chaos.Injector; the command line wires the real one"},
	{"scenarios/engine", "chaos/kernel", "the engine sees faults only as chaos.Injector; the command line wires the real one"},
	{"scenarios/engine", "chaos/target", "the engine sees targets only through its own interface, embedded or not"},
	{"scenarios/engine", "chaos/proc", "the engine does not start processes; the command line hands it those that run"},
	{"scenarios/engine", "pool", "the engine drives clients one by one and needs every decision; the pool is for applications"},
	{"scenarios", "pool/driver", "the format needs the policy's vocabulary, not the pool that drives it"},
	{"scenarios", "chaos/toxi", "the format knows faults, not how they are made"},
	{"scenarios", "chaos/target", "the format knows targets, not how they are made"},
	{"scenarios", "chaos/proc", "reading a scenario starts nothing"},
	{"scenarios", "chaos/foreign", "the format knows faults, not how they are made"},
	{"scenarios", "chaos/kernel", "the format knows faults, not how they are made"},
}

// pure packages decide; they are handed time, randomness and bytes.
var pure = []string{"pool/heal", "pool/crowd", "chaos", "report", "report/compare", "report/league", "report/export"}

// allowed is all that a pure package may import: what computes, encodes or formats. A
// trailing /… stands for everything below.
var allowed = []string{
	"bufio", "bytes", "cmp", "container/…", "context", "crypto/sha256", "encoding/…", "errors", "fmt", "hash/…", "html", "html/template", "io", "iter",
	"maps", "math", "math/bits", "reflect", "regexp", "slices", "sort", "strconv", "strings", "text/…", "time", "unicode/…", "embed",
	"compress/…", "github.com/HdrHistogram/hdrhistogram-go", module + "/…",
}

// shared are the exceptions: the journal's writer and the latency log have many callers.
var shared = map[string][]string{
	"report": {"sync"},
}

// clocks are the names of package time by which a pure package would read the time or
// wait for it, called or handed on.
var clocks = []string{"Now", "Since", "Until", "After", "AfterFunc", "NewTimer", "NewTicker", "Sleep", "Tick"}

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
		may := append(slices.Clone(allowed), shared[pkg]...)
		for _, to := range all[pkg] {
			ok := to == "" || slices.ContainsFunc(may, func(p string) bool { return match(p, to) })
			assert.True(t, ok, "%s imports %s: the ground floor is handed time, randomness and bytes", pkg, to)
		}
		for _, file := range sources(t, filepath.Join(root, pkg)) {
			tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
			require.NoError(t, err)
			for _, what := range impurities(tree) {
				t.Errorf("%s: %s", file, what)
			}
		}
	}
}

// impurities finds goroutines and clocks, under whatever name time is imported.
func impurities(file *ast.File) (out []string) {
	clock := ""
	for _, i := range file.Imports {
		if i.Path.Value == `"time"` {
			if clock = "time"; i.Name != nil {
				clock = i.Name.Name
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			out = append(out, "a goroutine on the ground floor")
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && x.Name == clock && slices.Contains(clocks, n.Sel.Name) {
				out = append(out, "time."+n.Sel.Name+": time comes in as an argument")
			}
		}
		return true
	})
	if clock == "." {
		out = append(out, "package time is imported without its name")
	}
	return out
}

func TestImpuritiesAreFound(t *testing.T) {
	for _, text := range []string{
		`import "time"; var x = time.Now`,
		`import clock "time"; func f() { clock.Sleep(1) }`,
		`import . "time"; var x = Now()`,
		`func f() { go f() }`,
	} {
		tree, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x; "+text, 0)
		require.NoError(t, err)
		assert.Len(t, impurities(tree), 1, text)
	}
	tree, err := parser.ParseFile(token.NewFileSet(), "x.go", `package x; import "time"; var x = time.Second`, 0)
	require.NoError(t, err)
	assert.Empty(t, impurities(tree))
}

// decided are the fields of a client's healing and the words for why it is broken. The
// driver passes them on; what follows from them is heal's to say.
var decided = []string{"Attempt", "Cause", "Code", "Steps", "Delay", "Endpoint", "RetryAfter"}

// classifies are the functions of the driver that name a cause and decide nothing by it.
var classifies = []string{"witnessed"}

// TestDriverDoesNotDecide: no condition of the driver asks for cause, attempt or health
// (replaying a journal cannot tell: it sees what Step answered, not what was done with it).
func TestDriverDoesNotDecide(t *testing.T) {
	for _, file := range sources(t, filepath.Join(root, "pool/driver")) {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		require.NoError(t, err)
		for _, d := range tree.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || slices.Contains(classifies, f.Name.Name) {
				continue
			}
			for _, name := range conditions(f) {
				t.Errorf("%s: %s branches on %s", file, f.Name.Name, name)
			}
		}
	}
}

// conditions lists what is decided and is asked for in the conditions of a function.
func conditions(f *ast.FuncDecl) (out []string) {
	look := func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && slices.Contains(decided, s.Sel.Name) {
			out = append(out, s.Sel.Name)
		}
		return true
	}
	ast.Inspect(f, func(n ast.Node) bool {
		var asked []ast.Expr
		switch n := n.(type) {
		case *ast.IfStmt:
			asked = []ast.Expr{n.Cond}
		case *ast.ForStmt:
			asked = []ast.Expr{n.Cond}
		case *ast.SwitchStmt:
			asked = []ast.Expr{n.Tag}
		case *ast.CaseClause:
			asked = n.List
		}
		for _, e := range asked {
			if e != nil {
				ast.Inspect(e, look)
			}
		}
		return true
	})
	return out
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
