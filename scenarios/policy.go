package scenarios

import (
	"errors"
	"fmt"
	"maps"

	"github.com/wsheal/wsheal/pool/policies"
)

// policy reads the clients' policy. A file that the scenario names is looked up from
// the scenario's directory, one that an argument names from the working directory.
func (r *resolver) policy(v view) {
	n := v.node.get("policy")
	if v.bad[n] {
		return
	}
	if n == nil {
		n = literal(v.field("policy").preset)
	}
	from := r.file
	if n.line < 0 {
		from = ""
	}
	p, err := policies.FromNode(from, n.syntax())
	r.s.Clients.Policy = p.Client
	if r.s.Clients.Sharing == Shared {
		r.s.Clients.Shared = p.Shared
	}
	wrong, _ := errors.AsType[policies.Mistakes](err)
	for _, m := range wrong {
		if field := join(v.path, "policy"); m.File == from {
			r.addAt(m.Line, joinBelow(field, m.Field), m.Want)
		} else {
			r.list = append(r.list, Mistake{File: m.File, Line: m.Line, Field: m.Field, Want: m.Want})
		}
	}
	if err != nil && wrong == nil {
		v.complain("policy", "%s", err)
	}
}

// joinBelow is join for a name that may be empty.
func joinBelow(path, name string) string {
	if name == "" {
		return path
	}
	return join(path, name)
}

// policyNode writes a policy in full.
func policyNode(p policies.Policy) *node {
	n, err := parseTree(policies.Format(p))
	if err != nil {
		panic(fmt.Sprintf("scenarios: read policy %s as it was written: %v", p.Client.Name, err))
	}
	return n
}

// policySchema is a policy to an editor: a name, a file, or a mapping whose values may
// come from the environment.
func policySchema() map[string]any {
	return map[string]any{"anyOf": []any{
		map[string]any{"type": "string"}, variable(policies.Schema()).(map[string]any),
	}}
}

// variable lets every single value of a schema come from the environment.
func variable(schema any) any {
	switch s := schema.(type) {
	case []any:
		out := make([]any, len(s))
		for i, one := range s {
			out[i] = variable(one)
		}
		return out
	case map[string]any:
		out := maps.Clone(s)
		if properties, ok := s["properties"].(map[string]any); ok {
			below := map[string]any{}
			for name, p := range properties {
				below[name] = variable(p)
			}
			out["properties"] = below
			return out
		}
		if items, ok := s["items"]; ok {
			out["items"] = variable(items)
			return out
		}
		if any, ok := s["anyOf"]; ok {
			out["anyOf"] = variable(any)
			return out
		}
		about := out["description"]
		delete(out, "description")
		out = map[string]any{"anyOf": []any{out, map[string]any{"type": "string", "pattern": variablePattern}}}
		if about != nil {
			out["description"] = about
		}
		return out
	}
	return schema
}
