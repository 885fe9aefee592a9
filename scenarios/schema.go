package scenarios

import (
	"encoding/json"
	"fmt"
	"maps"
)

// Schema returns the JSON Schema (draft 07) of the format, for editors. It is made
// from the same table as the strict check. What only Parse can know, such as whether
// a target exists or a gate's metric does, it does not say.
func Schema() []byte {
	root := format.schema()
	root["$schema"] = "http://json-schema.org/draft-07/schema#"
	root["title"] = "wsheal scenario"
	out, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("scenarios: write the schema: %v", err)) // maps, lists and scalars always can
	}
	return append(out, '\n')
}

func (s *shape) schema() map[string]any {
	switch {
	case s.value != nil:
		return maps.Clone(s.value.schema)
	case s.items != nil:
		return map[string]any{"type": []any{"array", "null"}, "items": s.items.schema()}
	case s.byName != nil:
		named := map[string]any{
			"type":                 "object",
			"propertyNames":        map[string]any{"pattern": namePattern.String()},
			"additionalProperties": s.byName.schema(),
		}
		if !s.optional {
			named["minProperties"] = 1
		}
		return named
	case s.policy:
		return policySchema()
	case len(s.cases) > 0:
		var cases []any
		for _, c := range s.cases {
			one := object(append(append([]field{}, s.fields...), c.fields...))
			one["description"] = c.about
			one["properties"].(map[string]any)[s.by] = map[string]any{"const": c.is}
			cases = append(cases, one)
		}
		return map[string]any{"anyOf": cases}
	}
	out := object(s.fields)
	if _, required := out["required"]; !required {
		out["type"] = []any{"object", "null"}
	}
	if len(s.oneOf) > 0 {
		var one []any
		for _, name := range s.oneOf {
			one = append(one, map[string]any{"required": []any{name}})
		}
		out["oneOf"] = one
	}
	return out
}

func object(fields []field) map[string]any {
	properties := map[string]any{}
	var required []any
	for _, f := range fields {
		p := f.shape.schema()
		p["description"] = f.describe()
		properties[f.name] = p
		if f.required {
			required = append(required, f.name)
		}
	}
	out := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}

// describe is what a field is, and what it is when it is not written.
func (f field) describe() string {
	switch {
	case f.required:
		return f.about + " (required)"
	case f.preset != "":
		return f.about + " (default " + f.preset + ")"
	case f.deduced != "":
		return f.about + " (default: " + f.deduced + ")"
	}
	return f.about
}
