package export_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/report/export"
)

// comments of the types of a package and of their fields.
func comments(t *testing.T, dir string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	out := map[string]string{}
	tidy := func(groups ...*ast.CommentGroup) string {
		for _, g := range groups {
			if text := strings.Join(strings.Fields(g.Text()), " "); text != "" {
				return text
			}
		}
		return ""
	}
	for _, file := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		require.NoError(t, err)
		for _, d := range tree.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range g.Specs {
				ts, ok := spec.(*ast.TypeSpec)
				if !ok {
					continue
				}
				out[ts.Name.Name] = tidy(ts.Doc, g.Doc)
				if st, ok := ts.Type.(*ast.StructType); ok {
					for _, f := range st.Fields.List {
						for _, name := range f.Names {
							out[ts.Name.Name+"."+name.Name] = tidy(f.Doc, f.Comment)
						}
					}
				}
			}
		}
	}
	return out
}

// The comments that the schemas have are those of the source.
func TestSchemaComments(t *testing.T) {
	source := comments(t, "..")
	if *update {
		used := map[string]string{}
		collect(reflect.TypeFor[report.Summary](), source, used)
		collect(reflect.TypeFor[report.Record](), source, used)
		text, err := json.MarshalIndent(used, "", "  ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile("comments.json", append(text, '\n'), 0o644))
	}
	text, err := os.ReadFile("comments.json")
	require.NoError(t, err)
	var kept map[string]string
	require.NoError(t, json.Unmarshal(text, &kept))
	assert.Greater(t, len(kept), 200)
	for of, about := range kept {
		assert.Equal(t, source[of], about, "%s: go test ./report/export -update takes the comments over", of)
	}
}

// collect takes the comments of a type, its fields and their types.
func collect(t reflect.Type, from, to map[string]string) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if _, seen := to[t.Name()]; seen || t.Kind() != reflect.Struct {
		return
	}
	to[t.Name()] = from[t.Name()]
	for f := range t.Fields() {
		if about := from[t.Name()+"."+f.Name]; about != "" {
			to[t.Name()+"."+f.Name] = about
		}
		collect(f.Type, from, to)
	}
}

func TestUnknownSchema(t *testing.T) {
	_, err := export.Schema("page")
	assert.EqualError(t, err, `there is no schema "page"; expected summary or journal`)
}

func validator(t *testing.T, name string) *jsonschema.Resolved {
	t.Helper()
	text, err := export.Schema(name)
	require.NoError(t, err)
	var s jsonschema.Schema
	require.NoError(t, json.Unmarshal(text, &s))
	r, err := s.Resolve(&jsonschema.ResolveOptions{ValidateDefaults: true})
	require.NoError(t, err)
	return r
}

// The summaries and journals of runs are valid by them, by a validator that is not ours.
func TestRunsAreValidByTheSchemas(t *testing.T) {
	summary, journal := validator(t, "summary"), validator(t, "journal")
	for _, name := range keptNames(t) {
		s := kept(t, name)
		var doc any
		require.NoError(t, json.Unmarshal([]byte(written(t, "json", s)), &doc))
		assert.NoError(t, summary.Validate(doc), name)
		if name == "cut-off" { // damaged lines are no records
			continue
		}
		text, err := os.ReadFile(filepath.Join("..", "..", "testdata", "journals", name, "journal.ndjson"))
		require.NoError(t, err)
		for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
			if i > 300 {
				break
			}
			var rec any
			require.NoError(t, json.Unmarshal([]byte(line), &rec))
			require.NoError(t, journal.Validate(rec), "%s: %s", name, line)
		}
	}
	var doc any
	require.NoError(t, json.Unmarshal([]byte(written(t, "json", named(t, "a\x00\xff"))), &doc))
	assert.NoError(t, summary.Validate(doc))
}

// What is no summary is not valid.
func TestSchemaRefuses(t *testing.T) {
	r := validator(t, "summary")
	var whole map[string]any
	require.NoError(t, json.Unmarshal([]byte(written(t, "json", kept(t, "reset"))), &whole))
	for what, spoil := range map[string]func(map[string]any){
		"another schema":     func(m map[string]any) { m["schema"] = 2 },
		"no such verdict":    func(m map[string]any) { m["verdict"] = "perhaps" },
		"no gates":           func(m map[string]any) { delete(m, "gates") },
		"a word for a value": func(m map[string]any) { m["metrics"] = map[string]any{"recovery.t99": "fast"} },
		"half a client":      func(m map[string]any) { m["duration"] = 1.5 },
	} {
		m := maps.Clone(whole)
		spoil(m)
		assert.Error(t, r.Validate(any(m)), what)
	}
	require.NoError(t, r.Validate(any(whole)))
}

// Every field is explained, or says it by its name.
func TestSchemaExplains(t *testing.T) {
	var root map[string]any
	text, err := export.Schema("summary")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &root))
	p := root["properties"].(map[string]any)
	for _, field := range []string{"reasons", "metrics", "unbounded", "shift", "samples"} {
		assert.NotEmpty(t, p[field].(map[string]any)["description"], field)
	}
	names := slices.Sorted(maps.Keys(root["$defs"].(map[string]any)))
	assert.Subset(t, names, []string{"FaultResult", "GateResult", "Marks", "Recovery", "Storm", "Timeline"})
}
