package export

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/wsheal/wsheal/report"
)

// Schemas are the names of the files that have a JSON Schema: of summary.json, and of a
// line of journal.ndjson.
func Schemas() []string { return []string{"summary", "journal"} }

// Schema returns the JSON Schema (draft 2020-12) of a file. It is made from the Go types
// that the file is written from and read into, and from their comments. Later versions may
// add fields and keep the schema's number.
func Schema(name string) ([]byte, error) {
	switch name {
	case "summary":
		return schemaOf(reflect.TypeFor[report.Summary](), "wsheal: summary.json")
	case "journal":
		return schemaOf(reflect.TypeFor[report.Record](), "wsheal: a line of journal.ndjson")
	}
	return nil, fmt.Errorf("there is no schema %q; expected summary or journal", limited(name, 40))
}

// comments of the types and fields, as "Type" and "Type.Field": what the source says, which
// the program does not know while it runs.
//
//go:embed comments.json
var comments []byte

func schemaOf(t reflect.Type, title string) ([]byte, error) {
	m := schemaMaker{defs: map[string]any{}}
	if err := json.Unmarshal(comments, &m.comments); err != nil {
		return nil, err
	}
	root := m.object(t)
	root["$schema"], root["title"], root["$defs"] = "https://json-schema.org/draft/2020-12/schema", title, m.defs
	if p, ok := root["properties"].(map[string]any)["schema"].(map[string]any); ok {
		p["const"] = report.Schema
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(root)
	return out.Bytes(), err
}

// schemaMaker makes a JSON Schema of Go types as encoding/json writes them.
type schemaMaker struct {
	comments map[string]string
	defs     map[string]any // structs, by name
}

func (m schemaMaker) of(t reflect.Type) map[string]any {
	switch t.Kind() {
	case reflect.Pointer:
		return m.of(t.Elem())
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return map[string]any{"type": "integer"}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return map[string]any{"type": "integer", "minimum": 0}
	case reflect.Float32, reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.String:
		if t == reflect.TypeFor[report.Verdict]() {
			return map[string]any{"enum": []any{report.Pass, report.Fail, report.Inconclusive, report.Invalid}}
		}
		return map[string]any{"type": "string"}
	case reflect.Slice, reflect.Array: // of none, null is written
		return map[string]any{"type": []any{"array", "null"}, "items": m.of(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": []any{"object", "null"}, "additionalProperties": m.of(t.Elem())}
	case reflect.Struct:
		if _, made := m.defs[t.Name()]; !made {
			m.defs[t.Name()] = nil // it may hold itself
			m.defs[t.Name()] = m.object(t)
		}
		return map[string]any{"$ref": "#/$defs/" + t.Name()}
	}
	return map[string]any{} // anything
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

// fields adds a struct's fields and those of the structs embedded in it.
func (m schemaMaker) fields(t reflect.Type, properties map[string]any, required *[]any) {
	for f := range t.Fields() {
		tag, tagged := f.Tag.Lookup("json")
		name, options, _ := strings.Cut(tag, ",")
		switch {
		case f.Anonymous && !tagged:
			m.fields(f.Type, properties, required)
			continue
		case name == "-" || !f.IsExported():
			continue
		case name == "":
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
