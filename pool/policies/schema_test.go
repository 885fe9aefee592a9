package policies

import (
	"testing"

	"github.com/goccy/go-yaml/ast"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestSchemaHasEveryField that the library writes, with a line about it.
func TestSchemaHasEveryField(t *testing.T) {
	for _, name := range Names() {
		source, _ := Source(name)
		body, _, err := single([]byte(source))
		require.NoError(t, err)
		inSchema(t, Schema(), body, name)
	}
}

func inSchema(t *testing.T, schema map[string]any, n ast.Node, path string) {
	if cases, ok := schema["anyOf"].([]any); ok && kindOf(n) == mapping { // a single value, or a mapping
		schema = cases[len(cases)-1].(map[string]any)
	}
	properties, _ := schema["properties"].(map[string]any)
	for _, pair := range pairs(n) {
		key := textOf(pair.Key)
		if assert.Contains(t, properties, key, path) {
			below := properties[key].(map[string]any)
			if kindOf(pair.Value) != mapping {
				assert.NotEmpty(t, below["description"], "%s.%s", path, key)
			}
			inSchema(t, below, pair.Value, path+"."+key)
		}
	}
}
