package policies

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/heal"
)

func lookup(t *testing.T, name string) heal.Policy {
	p, err := Lookup(name)
	require.NoError(t, err)
	return p
}

func TestParseTellsAllMistakes(t *testing.T) {
	complete, _ := Source("default")
	tests := []struct {
		name, yaml string
		want       string
	}{
		{"each field", `
base: default
handshake_timeout: 5
prove_timeout: -1s
ping: {every: 10s, timeout: 0s, count: 3}
first: {spread: 0s}
backoff: {base: 40s, factor: 0.5, jitter: some}
stable_after: [5s]
reset_on: never
heed_server: yes
retries: 7
`, `p.yaml:3: handshake_timeout: expected a duration like 250ms, got "5"
p.yaml:4: prove_timeout: expected a duration above 0, at most 24h, got -1s
p.yaml:5: ping.count: expected one of every, timeout, timeout_min
p.yaml:5: ping.timeout: expected a duration above 0, at most 24h, got 0s
p.yaml:6: first.spread: expected a duration above 0, at most 24h, got 0s
p.yaml:7: backoff.jitter: expected none, full, equal, decorrelated, uniform, scaled or added, got "some"
p.yaml:7: backoff.cap: expected a duration of at least 40s, at most 24h, got 30s
p.yaml:7: backoff.factor: expected a number of at least 1, or 0 for 1, got 0.5
p.yaml:8: stable_after: expected a duration like 250ms, got a list
p.yaml:9: reset_on: expected stable or open, got "never"
p.yaml:10: heed_server: expected true or false, got "yes"
p.yaml:11: retries: expected one of name, about, base, handshake_timeout, prove_timeout, ping, expect_ping, write_stall, check, lifetime, drain_timeout, first, backoff, stable_after, reset_on, heed_server, rules, shared`},
		{"without a base all is needed", "about: x\nping: {every: 1s}\nfirst: backoff\nbackoff: 1s", `p.yaml:1: handshake_timeout: expected a duration like 250ms, or a base that has it, got nothing
p.yaml:1: prove_timeout: expected a duration like 250ms, or a base that has it, got nothing
p.yaml:1: ping.timeout: expected a duration like 250ms, or a base that has it, got nothing
p.yaml:1: stable_after: expected a duration like 250ms, or a base that has it, got nothing
p.yaml:1: reset_on: expected stable or open, or a base that has it, got nothing
p.yaml:1: heed_server: expected true or false, or a base that has it, got nothing
p.yaml:4: backoff: expected {base, cap, factor, table, jitter, low, high, cap_last, base_most, next, plain, tries}, got a single value`},
		{"names", "base: default\nname: 7 seas\nabout: {}", `p.yaml:2: name: expected a letter, then letters, digits and . _ + -, got "7 seas"
p.yaml:3: about: expected text, got a mapping`},
		{
			"an unknown base says nothing of the rest", "ping: {timeout: 0s}\nbase: polite",
			"p.yaml:2: base: expected " + strings.Join(Names(), ", ") + ` or a .yaml file, got "polite"`,
		},
		{"a base of the wrong kind", "base: {base: default}", "p.yaml:1: base: expected the name of a policy or a file, got a mapping"},
		{"a base without a file", "base: ./none.yaml", "p.yaml:1: base: expected a policy: stat none.yaml: no such file or directory"},
		{"a base that is no file", "base: /dev/zero", "p.yaml:1: base: expected a policy: /dev/zero is not a file"},
		{"mistakes of the base come after its own", "base: testdata/broken.yaml\nreset_on: x", `p.yaml:2: reset_on: expected stable or open, got "x"
testdata/broken.yaml:2: ping.timeout: expected a duration like 250ms, got "never"`},
		{"a circle", "base: testdata/circle-a.yaml", "testdata/circle-b.yaml:1: base: expected a policy that is not based on itself, got circle-a.yaml"},
		{"a first that is a spread without a window", "base: default\nfirst: spread", `p.yaml:2: first: expected at-once, backoff or {spread: 5s}, got "spread"`},
		{"an empty first", "base: default\nfirst: {}", `p.yaml:2: first: expected at-once, backoff or {spread: 5s}, got a mapping`},
		{"an empty group", "base: default\nping: {}", `p.yaml:2: ping: expected {every, timeout, timeout_min}, got a mapping`},
		{"no value", "base: default\nstable_after:", "p.yaml:2: stable_after: expected a duration like 250ms, got nothing"},
		{"twice", "base: default\nstable_after: 1s\nstable_after: 2s", "p.yaml:3: stable_after: expected once, got again after line 2"},
		{"twice in a group", "base: default\nping:\n  every: 8s\n  every: 9s", "p.yaml:4: ping.every: expected once, got again after line 3"},
		{
			"decorrelated jitter needs room", "base: naive\nbackoff: {jitter: decorrelated}",
			"p.yaml:2: backoff.cap: expected more than the base, for decorrelated jitter draws between them, got 1s",
		},
		{"twice, far apart", complete + "prove_timeout: 25h", "p.yaml:149: prove_timeout: expected once, got again after line 14"},
		{"too long", "base: default\nstable_after: 25h", "p.yaml:2: stable_after: expected a duration of at least 0s, at most 24h, got 25h0m0s"},
		{"nothing", "", "p.yaml:1: expected the fields of a policy, got nothing"},
		{"a name alone", "default", "p.yaml:1: expected the fields of a policy, got a single value"},
		{"not YAML", "base: default\nping: {", "p.yaml:2: expected YAML: could not find flow mapping end token '}'"},
		{"two documents", "base: default\n---\nbase: naive", "p.yaml:3: expected YAML: one document, got another"},
		{"an alias", "base: &a default\nfirst: *a", `p.yaml:1: base: expected the name of a policy or a file, got something else
p.yaml:2: first: expected at-once, backoff or {spread: 5s}, got something else`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse("p.yaml", []byte(tt.yaml))
			assert.EqualError(t, err, tt.want)
			var mistakes Mistakes
			assert.ErrorAs(t, err, &mistakes)
		})
	}
}

func TestParseTooLarge(t *testing.T) {
	_, err := Parse("p.yaml", make([]byte, mostBytes+1))
	assert.EqualError(t, err, "p.yaml:1: expected at most 16 KiB of YAML")
}

func TestBase(t *testing.T) {
	p, err := Parse("mine.yaml", []byte("first: at-once\nbase: default"))
	require.NoError(t, err)
	want := lookup(t, "default")
	want.Name, want.First = "mine", heal.First{}
	assert.Equal(t, want, p.Client, "the base comes first, wherever it stands")

	p, err = Parse("testdata/mine.yaml", []byte("base: patient.yaml\nbackoff: {jitter: full}"))
	require.NoError(t, err)
	want = lookup(t, "default")
	want.Name, want.First.Within = "mine", time.Minute
	want.Backoff = heal.Backoff{Base: 10 * time.Second, Cap: 5 * time.Minute, Factor: 1.25, Jitter: heal.Full, Next: time.Second}
	assert.Equal(t, want, p.Client, "a file's base is beside the file")
}

// node is the value that a scenario embeds as its policy.
func node(t *testing.T, value string) ast.Node {
	f, err := parser.ParseBytes([]byte("clients:\n  policy: "+value), 0)
	require.NoError(t, err)
	clients := f.Docs[0].Body.(*ast.MappingNode).Values[0].Value
	return pairs(clients)[0].Value
}

func TestFromNode(t *testing.T) {
	patient := lookup(t, "default")
	patient.Name, patient.First.Within = "patient", time.Minute
	patient.Backoff.Base, patient.Backoff.Cap = 10*time.Second, 5*time.Minute
	quick := lookup(t, "default")
	quick.Name, quick.StableAfter = "default+changes", time.Second
	named := quick
	named.Name = "quick"
	inline := lookup(t, "naive")
	inline.Name = "inline"

	for _, tt := range []struct {
		value string
		want  heal.Policy
	}{
		{"naive", lookup(t, "naive")},
		{"{base: naive}", lookup(t, "naive")},
		{"patient.yaml", patient},
		{"{base: ./patient.yaml}", patient},
		{"{base: default, stable_after: 1s}", quick},
		{"{base: default, stable_after: 1s, name: quick}", named},
		{"\n    base: default\n    name: quick\n    stable_after: 1s", named},
		{asFlow(Format(Policy{Client: inline})), inline},
	} {
		p, err := FromNode("testdata/scenario.yaml", node(t, tt.value))
		require.NoError(t, err, tt.value)
		assert.Equal(t, tt.want, p.Client, tt.value)
	}
}

// asFlow puts a formatted policy, without its name, into braces.
func asFlow(block []byte) string {
	_, fields, _ := strings.Cut(string(block), "\n")
	return "{" + strings.ReplaceAll(strings.TrimSpace(fields), "\n", ", ") + "}"
}

func TestFromNodeMistakes(t *testing.T) {
	for _, tt := range []struct{ value, want string }{
		{"polite", "s.yaml:2: expected " + strings.Join(Names(), ", ") + ` or a .yaml file, got "polite"`},
		{"testdata/none.yaml", "s.yaml:2: expected a policy: stat testdata/none.yaml: no such file or directory"},
		{"[default]", "s.yaml:2: expected a policy: a name, a file or a mapping with base, got a list"},
		{"", "s.yaml:2: expected a policy: a name, a file or a mapping with base, got nothing"},
		{"{}", "s.yaml:2: handshake_timeout: expected"},
		{"testdata/broken.yaml", `testdata/broken.yaml:2: ping.timeout: expected a duration like 250ms, got "never"`},
		{"\n    base: default\n    backoff:\n      cap: 1s\n      base: 2s", "s.yaml:5: backoff.cap: expected a duration of at least 2s, at most 24h, got 1s"},
	} {
		_, err := FromNode("s.yaml", node(t, tt.value))
		require.Error(t, err, tt.value)
		assert.Contains(t, err.Error(), tt.want)
	}
	_, err := FromNode("s.yaml", nil)
	assert.EqualError(t, err, "s.yaml: expected a policy: a name, a file or a mapping with base, got nothing")

	_, err = FromNode("s.yaml", node(t, "polite"))
	mistake, ok := errors.AsType[*Mistake](err)
	require.True(t, ok)
	assert.Equal(t, Mistake{File: "s.yaml", Line: 2, Want: "expected " + strings.Join(Names(), ", ") + ` or a .yaml file, got "polite"`}, *mistake)
}
