package export_test

import (
	"bytes"
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

// schemaMaker makes a JSON Schema of Go types as encoding/json writes them, with the
// comments of their source.
type schemaMaker struct {
	comments map[string]string // by type, and by type.field
	defs     map[string]any
}

func (m schemaMaker) of(t reflect.Type) map[string]any {
	switch t.Kind() {
	case reflect.Pointer:
		return m.of(t.Elem())
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return map[string]any{"type": "integer"}
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return map[string]any{"type": "integer", "minimum": 0}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.String:
		if t == reflect.TypeFor[report.Verdict]() {
			return map[string]any{"enum": []any{report.Pass, report.Fail, report.Inconclusive, report.Invalid}}
		}
		return map[string]any{"type": "string"}
	case reflect.Slice: // of none, null is written
		return map[string]any{"type": []any{"array", "null"}, "items": m.of(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": []any{"object", "null"}, "additionalProperties": m.of(t.Elem())}
	case reflect.Struct:
		if _, made := m.defs[t.Name()]; !made {
			m.defs[t.Name()] = nil
			m.defs[t.Name()] = m.object(t)
		}
		return map[string]any{"$ref": "#/$defs/" + t.Name()}
	}
	panic("no schema of " + t.String())
}

func (m schemaMaker) object(t reflect.Type) map[string]any {
	properties, required := map[string]any{}, []any{}
	m.fields(t, properties, &required)
	out := map[string]any{"type": "object", "properties": properties}
	if len(required) > 0 {
		out["required"] = required
	}
	if about := m.comments[t.Name()]; about != "" {
		out["description"] = about
	}
	return out
}

func (m schemaMaker) fields(t reflect.Type, properties map[string]any, required *[]any) {
	for f := range t.Fields() {
		tag, set := f.Tag.Lookup("json")
		if f.Anonymous && !set {
			m.fields(f.Type, properties, required)
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		if name == "-" || !f.IsExported() {
			continue
		}
		if name == "" {
			name = f.Name
		}
		p := m.of(f.Type)
		if about := m.comments[t.Name()+"."+f.Name]; about != "" {
			p["description"] = about
		}
		properties[name] = p
		if !strings.Contains(options, "omitempty") && !strings.Contains(options, "omitzero") {
			*required = append(*required, name)
		}
	}
}

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

func made(t *testing.T, of reflect.Type, title string) []byte {
	t.Helper()
	m := schemaMaker{comments(t, ".."), map[string]any{}}
	root := m.object(of)
	delete(m.defs, of.Name())
	root["$schema"], root["title"], root["$defs"] = "https://json-schema.org/draft/2020-12/schema", title, m.defs
	if p, ok := root["properties"].(map[string]any)["schema"].(map[string]any); ok {
		p["const"] = report.Schema
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	require.NoError(t, enc.Encode(root))
	return out.Bytes()
}

// The published schemas are those of the types and their comments.
func TestSchemasAreOfTheTypes(t *testing.T) {
	for name, of := range map[string]struct {
		of    reflect.Type
		title string
	}{
		"summary": {reflect.TypeFor[report.Summary](), "wsheal: summary.json"},
		"journal": {reflect.TypeFor[report.Record](), "wsheal: a line of journal.ndjson"},
	} {
		want := made(t, of.of, of.title)
		got, err := export.Schema(name)
		require.NoError(t, err)
		if *update {
			require.NoError(t, os.WriteFile(name+".schema.json", want, 0o644))
			continue
		}
		assert.Equal(t, string(want), string(got), "go test ./report/export -update writes it anew")
		assert.Contains(t, export.Schemas(), name)
	}
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
