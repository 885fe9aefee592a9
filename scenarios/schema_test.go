package scenarios

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSchemaFitsTheLibrary(t *testing.T) {
	root := loadSchema(t)
	for _, name := range Names() {
		source, _ := Source(name)
		assert.Empty(t, validate(root, decode(t, source), name))
		s, err := Open(name, Options{})
		require.NoError(t, err)
		assert.Empty(t, validate(root, decode(t, s.YAML()), name))
	}
	assert.Empty(t, validate(root, decode(t, []byte(`
scenario: ${NAME}
seed: ${SEED}
targets: {blue: {embedded: }, green: {url: "${URL}", headers: {A: "${TOKEN}", B: 1}, subprotocols: ["${SUB}"], tls: {ca: "${CA}", insecure_skip_verify: "${SKIP}", min_version: 1.3}}}
clients: {count: "${COUNT}", ramp: "${RAMP:-2s}", sharing: "${SHARING}", policy: {base: default, ping: {every: "${EVERY}"}, heed_server: "${HEED}", rules: [{cause: "${CAUSE}", then: give-up}]}}
load: {rate: "${RATE}", payload: "${PAYLOAD}", as: "${AS}"}
faults:
`)), "environment"))
}

func TestSchemaRefusesWhatParseRefuses(t *testing.T) {
	root := loadSchema(t)
	for _, change := range []string{
		"nonsense: 1",
		"clients: {count: 5, countt: 5}",
		"clients: {count: 0}",
		"clients: {}",
		"load: {rate: 2000}",
		"load: {pattern: ecko}",
		"phases: {warmup: 6}",
		"targets: {blue: {}}",
		"targets: {blue: {embedded: {}, url: ws://127.0.0.1/}}",
		"targets: {}",
		"faults: [{name: a, inject: rest}]",
		"faults: [{name: a, inject: reset, delay: 5ms}]",
		"faults: [{name: a, inject: latency}]",
		"faults: [{inject: reset}]",
		"faults: [{name: a, inject: reset, at: choas}]",
		"gates: [5s, {a: b}]",
		"targets: {blue: {url: ws://127.0.0.1/, headers: [a]}}",
		"targets: {blue: {url: ws://127.0.0.1/, headers: {a b: c}}}",
		"targets: {blue: {url: ws://127.0.0.1/, subprotocols: v1}}",
		"targets: {blue: {url: wss://127.0.0.1/, tls: {min_version: 1}}}",
		"targets: {blue: {url: wss://127.0.0.1/, tls: {verify: false}}}",
		"load: {as: json}",
		"load: {payload: {id: 1}}",
		"clients: {count: 5, sharing: some}",
		"clients: {count: 5, policy: {base: default, pang: 1s}}",
		"clients: {count: 5, policy: {base: default, ping: {every: 5}}}",
		"clients: {count: 5, policy: {base: default, first: soon}}",
		"clients: {count: 5, policy: {base: default, rules: [{cause: tls}]}}",
		"clients: {count: 5, policy: {base: default, shared: {storm: {least: 0}}}}",
	} {
		var doc map[string]any
		require.NoError(t, yaml.Unmarshal([]byte(least), &doc))
		var over map[string]any
		require.NoError(t, yaml.Unmarshal([]byte(change), &over))
		for k, v := range over {
			doc[k] = v
		}
		text, err := yaml.Marshal(doc)
		require.NoError(t, err)
		assert.NotEmpty(t, validate(root, decode(t, text), ""), change)
		_, err = Parse("x.yaml", text, Options{})
		assert.Error(t, err, change)
	}
}

func loadSchema(t *testing.T) map[string]any {
	t.Helper()
	var root map[string]any
	require.NoError(t, json.Unmarshal(Schema(), &root))
	return root
}

// decode reads YAML as JSON would hold it.
func decode(t *testing.T, text []byte) any {
	t.Helper()
	data, err := yaml.YAMLToJSON(text)
	require.NoError(t, err)
	var doc any
	require.NoError(t, json.Unmarshal(data, &doc))
	return doc
}

// validate holds a document against the parts of JSON Schema that Schema uses, and
// panics on others, so that none is ignored.
func validate(s map[string]any, doc any, at string) []string {
	var bad []string
	complain := func(format string, args ...any) { bad = append(bad, at+": "+fmt.Sprintf(format, args...)) }
	object, isObject := doc.(map[string]any)
	for key, rule := range s {
		switch key {
		case "$schema", "title", "description":
		case "type":
			if types, ok := rule.([]any); !slices.Contains(types, any(typeOf(doc))) && (ok || rule != typeOf(doc) && !(rule == "integer" && whole(doc))) {
				complain("is %s, not %v", typeOf(doc), rule)
			}
		case "pattern":
			if text, ok := doc.(string); ok && !regexp.MustCompile(rule.(string)).MatchString(text) {
				complain("%q does not match %s", text, rule)
			}
		case "minimum":
			if n, ok := doc.(float64); ok && n < rule.(float64) {
				complain("%v is below %v", n, rule)
			}
		case "exclusiveMinimum":
			if n, ok := doc.(float64); ok && n <= rule.(float64) {
				complain("%v is not above %v", n, rule)
			}
		case "maximum":
			if n, ok := doc.(float64); ok && n > rule.(float64) {
				complain("%v is above %v", n, rule)
			}
		case "const":
			if !reflect.DeepEqual(doc, rule) {
				complain("%v is not %v", doc, rule)
			}
		case "enum":
			if !slices.ContainsFunc(rule.([]any), func(x any) bool { return reflect.DeepEqual(doc, x) }) {
				complain("%v is none of %v", doc, rule)
			}
		case "required":
			for _, name := range rule.([]any) {
				if _, there := object[name.(string)]; isObject && !there {
					complain("lacks %s", name)
				}
			}
		case "minProperties":
			if isObject && float64(len(object)) < rule.(float64) {
				complain("is too small")
			}
		case "properties":
			for name, below := range rule.(map[string]any) {
				if value, there := object[name]; there {
					bad = append(bad, validate(below.(map[string]any), value, at+"."+name)...)
				}
			}
		case "additionalProperties":
			known, _ := s["properties"].(map[string]any)
			for name, value := range object {
				if _, there := known[name]; there {
					continue
				}
				if below, ok := rule.(map[string]any); ok {
					bad = append(bad, validate(below, value, at+"."+name)...)
				} else {
					complain("has %s", name)
				}
			}
		case "propertyNames":
			for name := range object {
				bad = append(bad, validate(rule.(map[string]any), name, at)...)
			}
		case "items":
			list, _ := doc.([]any)
			for i, item := range list {
				bad = append(bad, validate(rule.(map[string]any), item, fmt.Sprint(at, ".", i))...)
			}
		case "anyOf", "oneOf":
			fits := 0
			for _, one := range rule.([]any) {
				if len(validate(one.(map[string]any), doc, at)) == 0 {
					fits++
				}
			}
			if fits == 0 || key == "oneOf" && fits > 1 {
				complain("fits %d of %s", fits, key)
			}
		default:
			panic("the test does not know the rule " + key)
		}
	}
	return bad
}

func typeOf(doc any) string {
	switch doc.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case float64:
		return "number"
	case bool:
		return "boolean"
	case []any:
		return "array"
	}
	return "object"
}

func whole(doc any) bool {
	n, ok := doc.(float64)
	return ok && n == float64(int64(n))
}
