package policies

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/heal"
)

func TestRules(t *testing.T) {
	p, err := Parse("x.yaml", []byte(`
base: default
rules:
  - {cause: close, codes: 4000-4099, then: give-up}
  - {cause: status, codes: 429, then: throttled}
  - cause: refused
    then: elsewhere
`))
	require.NoError(t, err)
	want := []heal.Rule{
		{Cause: heal.CloseFrame, From: 4000, To: 4099, Verdict: heal.Pointless},
		{Cause: heal.Status, From: 429, To: 429, Verdict: heal.Throttled},
		{Cause: heal.Refused, Verdict: heal.Elsewhere},
	}
	assert.Equal(t, want, p.Client.Rules)

	p, err = Parse("testdata/x.yaml", []byte("base: strict.yaml"))
	require.NoError(t, err)
	assert.Equal(t, []heal.Rule{{Cause: heal.Invalid, Verdict: heal.Pointless}}, p.Client.Rules)
	p, err = Parse("testdata/x.yaml", []byte("base: strict.yaml\nrules: [{cause: tls, then: retry}]"))
	require.NoError(t, err)
	assert.Equal(t, []heal.Rule{{Cause: heal.TLS, Verdict: heal.Retry}}, p.Client.Rules, "they replace those of the base")
	p, err = Parse("testdata/x.yaml", []byte("base: strict.yaml\nrules: []"))
	require.NoError(t, err)
	assert.Empty(t, p.Client.Rules)
}

// TestRulesKnowEveryWord: a cause or verdict that is added to package heal can be written.
func TestRulesKnowEveryWord(t *testing.T) {
	assert.Len(t, causes, int(heal.Credentials))
	assert.Len(t, verdicts, int(heal.Pointless))
	assert.NotContains(t, append(causes, verdicts...), "")
}

func TestRulesTellAllMistakes(t *testing.T) {
	const someCause = "refused, timeout, reset, eof, half-open, close, status, tls, dns, protocol, write-stall, unproved, unknown, frozen, unpinged, invalid or credentials"
	const someThen = "retry, planned, throttled, elsewhere, reauth or give-up"
	for yaml, want := range map[string]string{
		"rules: {cause: tls}": "p.yaml:2: rules: expected a list of {cause, codes, then}, got a mapping",
		"rules: [tls]":        "p.yaml:2: rules.0: expected {cause, codes, then}, got a single value",
		"rules:\n  - {cause: slow, then: wait}\n  - {codes: 99999, why: x}": `p.yaml:3: rules.0.cause: expected ` + someCause + `, got "slow"
p.yaml:3: rules.0.then: expected ` + someThen + `, got "wait"
p.yaml:4: rules.1.codes: expected a code like 429, or a range like 4000-4099, got "99999"
p.yaml:4: rules.1.why: expected one of cause, codes, then
p.yaml:4: rules.1.cause: expected it to be there, got nothing
p.yaml:4: rules.1.then: expected it to be there, got nothing`,
		"rules:\n  - cause: tls\n    codes: 1-2\n    then: retry":                    "p.yaml:4: rules.0.codes: expected none, for only status and close have codes, got 1-2",
		"rules: [{cause: status, codes: 700, then: retry}]":                          "p.yaml:2: rules.0.codes: expected codes from 100 to 599, got 700",
		"rules: [{cause: close, codes: 503, then: retry}]":                           "p.yaml:2: rules.0.codes: expected codes from 1000 to 4999, got 503",
		"rules: [{cause: close, codes: 4999-4000, then: retry}]":                     `p.yaml:2: rules.0.codes: expected a code like 429, or a range like 4000-4099, got "4999-4000"`,
		"rules: [{cause: close, codes: [4000], then: retry}]":                        "p.yaml:2: rules.0.codes: expected text, got a list",
		"rules: [{cause: tls, cause: dns, then: retry}]":                             "p.yaml:2: rules.0.cause: expected once, got again after line 2",
		"rules: [{cause: '', then: ''}]":                                             `p.yaml:2: rules.0.cause: expected ` + someCause + `, got ""` + "\n" + `p.yaml:2: rules.0.then: expected ` + someThen + `, got ""`,
		"rules: [{cause: tls, then: retry}]\nrules: [{cause: dns, then: throttled}]": "p.yaml:3: rules: expected once, got again after line 2",
	} {
		_, err := Parse("p.yaml", []byte("base: default\n"+yaml))
		assert.EqualError(t, err, want, "%s", yaml)
	}
}
