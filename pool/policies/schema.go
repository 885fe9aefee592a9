package policies

import "strings"

// Schema is the JSON Schema of a policy's mapping, for editors: made from the table that
// Parse follows. What only Parse can know it does not say.
func Schema() map[string]any {
	top := object()
	properties := top["properties"].(map[string]any)
	for name, about := range map[string]string{
		"name": "of the policy, in reports", "about": "what it does, in a sentence",
		"base": "name or file of the policy that this one starts from",
	} {
		properties[name] = map[string]any{"type": "string", "description": about}
	}
	properties["rules"] = map[string]any{
		"type": "array", "items": ruleShape(),
		"description": "exceptions to the table of causes, the first that fits counts",
	}
	for _, f := range fields {
		in, keys := top, strings.Split(f.path, ".")
		for _, key := range keys[:len(keys)-1] {
			in = below(in, key)
		}
		leaf := map[string]any{"description": f.about}
		for k, v := range f.shape {
			leaf[k] = v
		}
		in["properties"].(map[string]any)[keys[len(keys)-1]] = leaf
	}
	return top
}

func object() map[string]any {
	return map[string]any{"type": "object", "additionalProperties": false, "properties": map[string]any{}}
}

// below is the mapping under a key. A key that may have a single value as well gets both.
func below(in map[string]any, key string) map[string]any {
	properties := in["properties"].(map[string]any)
	switch was, _ := properties[key].(map[string]any); {
	case was == nil:
		properties[key] = object()
	case was["properties"] == nil:
		both := object()
		properties[key] = map[string]any{"description": was["description"], "anyOf": []any{was, both}}
		return both
	}
	return properties[key].(map[string]any)
}
