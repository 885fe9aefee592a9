package scenarios

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
)

const guarded = `scenario: guarded
targets:
  mine:
    url: "${SCHEME:-wss}://127.0.0.1:9443/chat?room=1&token=${TOKEN}"
    headers: {Authorization: "Bearer ${TOKEN}", X-Tenant: "${TENANT:-acme}", X-Price: "$${5}"}
    subprotocols: [v2, v1]
clients: {count: 3}
load: {payload: '{"login": "${PASSWORD}", "n": {id}}'}
`

// TestSecretsAreUsedAndNotWritten: what comes from the environment is sent, and in its place
// the resolved scenario has the variable, so that it repeats the run where that is set.
func TestSecretsAreUsedAndNotWritten(t *testing.T) {
	env := environment("TOKEN", "s3cr3t/+", "PASSWORD", "pa55word")
	s, err := Parse("guarded.yaml", []byte(guarded), Options{Getenv: env})
	require.NoError(t, err)
	mine := s.Targets[0]
	assert.Equal(t, "wss://127.0.0.1:9443/chat?room=1&token=s3cr3t/+", mine.URL)
	assert.Equal(t, "wss://127.0.0.1:9443/chat?room=1&token=${TOKEN}", mine.Shown())
	assert.Equal(t, map[string][]string{"Authorization": {"Bearer s3cr3t/+"}, "X-Tenant": {"acme"}, "X-Price": {"${5}"}}, map[string][]string(mine.Header()))
	assert.Contains(t, string(s.Load.Payload), `"login": "pa55word"`)

	text := string(s.YAML())
	for _, value := range []string{"s3cr3t", "pa55word"} {
		assert.NotContains(t, text, value)
	}
	assert.Contains(t, text, "wss://127.0.0.1:9443/chat?room=1&token=${TOKEN}", "what is no secret is as it came out")
	assert.Contains(t, text, "Bearer ${TOKEN}")
	again, err := Parse("again.yaml", []byte(text), Options{Getenv: env})
	require.NoError(t, err, text)
	assert.Equal(t, text, string(again.YAML()))
	assert.Equal(t, s.Targets[0].Header(), again.Targets[0].Header())
	assert.Equal(t, s.Load.Payload, again.Load.Payload)

	// One clear error each, which names the variable.
	for name, test := range map[string]struct {
		env  func(string) (string, bool)
		want string
	}{
		"unset": {environment("PASSWORD", "x"), "guarded.yaml:5: targets.mine.headers.Authorization: expected the environment variable TOKEN, which is not set; ${TOKEN:-value} gives a default"},
		"empty": {environment("PASSWORD", "x", "TOKEN", ""), "guarded.yaml:5: targets.mine.headers.Authorization: expected a value in the environment variable TOKEN, which is empty"},
		"lines": {environment("PASSWORD", "x", "TOKEN", "s3cr3t\n"), "guarded.yaml:5: targets.mine.headers.Authorization: expected a value without line ends and control characters"},
	} {
		_, err := Parse("guarded.yaml", []byte(guarded), Options{Getenv: test.env})
		require.ErrorContains(t, err, test.want, name)
		assert.NotContains(t, err.Error(), "s3cr3t", name)
	}
}

func TestSecretsOfAddresses(t *testing.T) {
	for written, want := range map[string]struct{ url, shown string }{
		"ws://127.0.0.1:1/?a=1":                       {"ws://127.0.0.1:1/?a=1", "ws://127.0.0.1:1/?a=1"},
		"ws://127.0.0.1:${PORT}/?a=${TOKEN}":          {"ws://127.0.0.1:9001/?a=s3cr3t", "ws://127.0.0.1:9001/?a=${TOKEN}"},
		"ws://127.0.0.1:${PORT}/":                     {"ws://127.0.0.1:9001/", "ws://127.0.0.1:9001/"},
		"${WHOLE}":                                    {"ws://127.0.0.1:2/?key=s3cr3t", "${WHOLE}"},
		"${NONE:-ws://127.0.0.1:3/?a=b}":              {"ws://127.0.0.1:3/?a=b", "${NONE:-ws://127.0.0.1:3/?a=b}"},
		"ws://127.0.0.1:1/?a=$${TOKEN}":               {"ws://127.0.0.1:1/?a=${TOKEN}", "ws://127.0.0.1:1/?a=${TOKEN}"},
		"ws://127.0.0.1:1/$${x}/?a=$${y}&b=${TOKEN}":  {"ws://127.0.0.1:1/${x}/?a=${y}&b=s3cr3t", "ws://127.0.0.1:1/${x}/?a=${y}&b=${TOKEN}"},
		"ws://127.0.0.1:1/?a=${TOKEN}${NONE:-and}%20": {"ws://127.0.0.1:1/?a=s3cr3tand%20", "ws://127.0.0.1:1/?a=${TOKEN}${NONE:-and}%20"},
	} {
		text := fmt.Sprintf("scenario: a\ntargets: {mine: {url: %q}}\nclients: {count: 1}\n", written)
		env := environment("TOKEN", "s3cr3t", "PORT", "9001", "WHOLE", "ws://127.0.0.1:2/?key=s3cr3t")
		s, err := Parse("a.yaml", []byte(text), Options{Getenv: env})
		require.NoError(t, err, written)
		assert.Equal(t, want.url, s.Targets[0].URL, written)
		assert.Equal(t, want.shown, s.Targets[0].Shown(), written)
		again, err := Parse("again.yaml", s.YAML(), Options{Getenv: env})
		require.NoError(t, err, "%s", s.YAML())
		assert.Equal(t, s.Targets[0].URL, again.Targets[0].URL, written)
		assert.NotContains(t, string(s.YAML()), "s3cr3t", written)
	}
	_, err := Parse("a.yaml", []byte("scenario: a\ntargets: {mine: {url: \"http://127.0.0.1/?a=${TOKEN}\"}}\nclients: {count: 1}\n"), Options{Getenv: environment("TOKEN", "s3cr3t")})
	require.ErrorContains(t, err, "got http://127.0.0.1/?a=${TOKEN}")
}

// TestSecretsDoNotChangeAPayload: a token with a quote in it would end the string that it
// stands in, and one with braces would be filled in.
func TestSecretsDoNotChangeAPayload(t *testing.T) {
	parse := func(payload, token string) (*Scenario, error) {
		text := fmt.Sprintf("scenario: a\ntargets: {mine: {url: \"ws://127.0.0.1:1/\"}}\nclients: {count: 1}\nload: {payload: '%s'}\n", payload)
		return Parse("a.yaml", []byte(text), Options{Getenv: environment("TOKEN", token)})
	}
	const asked = `{"id": {id}, "token": "${TOKEN}"}`
	for _, token := range []string{`s3cr3t"`, `s3cr3t\`, "s3cr3t\n", "{id}s3cr3t", "{secret}"} {
		_, err := parse(asked, token)
		require.ErrorContains(t, err, "a.yaml:4: load.payload: expected a value of TOKEN that leaves it the JSON that it is", "%q", token)
		assert.NotContains(t, err.Error(), "cr")
	}
	_, err := parse("{id} ${TOKEN}", "{secret}")
	require.ErrorContains(t, err, "a.yaml:4: load.payload: there is no such name as a variable's value has in braces; expected {id}, {client} or {pad}")
	assert.NotContains(t, err.Error(), "secret")

	for payload, want := range map[string]struct{ token, payload string }{
		asked:                             {`s3cr3t\"`, `{"id": {id}, "token": "s3cr3t\""}`},
		`{"id": {id}, "token": ${TOKEN}}`: {`{"of": 3}`, `{"id": {id}, "token": {"of": 3}}`},
		"${TOKEN}":                        {`{"id": {id}}`, `{"id": {id}}`},
		"{id} ${TOKEN}":                   {`"`, `{id} "`},
	} {
		s, err := parse(payload, want.token)
		require.NoError(t, err, payload)
		assert.Equal(t, want.payload, string(s.Load.Payload))
	}
}

func TestRedact(t *testing.T) {
	quoted, err := Parse("guarded.yaml", []byte(guarded), Options{Getenv: environment("TOKEN", `s3cr3t"+`, "PASSWORD", "pa55")})
	require.NoError(t, err)
	assert.Equal(t, `header "${TOKEN}" is wrong`, quoted.Redact(fmt.Sprintf("header %q is wrong", `s3cr3t"+`)))
	s, err := Parse("guarded.yaml", []byte(guarded), Options{Getenv: environment("TOKEN", "s3cr3t/+", "PASSWORD", "abc")})
	require.NoError(t, err)
	assert.Equal(t, `dial ws://a/?t=${TOKEN}&u=${TOKEN}: "${TOKEN}" abc`, s.Redact(`dial ws://a/?t=s3cr3t/+&u=s3cr3t%2F%2B: "s3cr3t/+" abc`), "in any form, but no three letters")
	plain, err := Parse("least.yaml", []byte(least), Options{})
	require.NoError(t, err)
	assert.Equal(t, "as it is", plain.Redact("as it is"))
}

// TestLoads is what loads of each pattern come to, and what they refuse.
func TestLoads(t *testing.T) {
	parse := func(load string) (*Scenario, error) {
		return Parse("load.yaml", []byte("scenario: a\ntargets: {mine: {url: \"ws://127.0.0.1:1/\"}}\nclients: {count: 5}\nload: "+load+"\n"), Options{})
	}
	for load, want := range map[string]Load{
		"{}":                                       {Pattern: report.Echo, Rate: 5, Size: 128, Guarantee: "at-least-once"},
		"{as: text, size: 64}":                     {Pattern: report.Echo, Rate: 5, Size: 64, Text: true, Guarantee: "at-least-once"},
		"{payload: 'hello {id}'}":                  {Pattern: report.Echo, Rate: 5, Size: 7, Payload: "hello {id}", Text: true, Guarantee: "at-least-once"},
		"{payload: 'hello {id}', as: binary}":      {Pattern: report.Echo, Rate: 5, Size: 7, Payload: "hello {id}", Guarantee: "at-least-once"},
		"{payload: '{id} {pad}', size: 100}":       {Pattern: report.Echo, Rate: 5, Size: 100, Payload: "{id} {pad}", Text: true, Guarantee: "at-least-once"},
		`{pattern: reply, payload: '{"a": {id}}'}`: {Pattern: report.Reply, Rate: 5, Size: 8, Payload: `{"a": {id}}`, Text: true, Correlate: "a", Guarantee: "at-least-once"},
		`{pattern: reply, payload: '{"b": [1, {"c": "x{id}y"}], "from": {client}}'}`: {
			Pattern: report.Reply, Rate: 5, Size: 35, Payload: `{"b": [1, {"c": "x{id}y"}], "from": {client}}`, Text: true, Correlate: "b.1.c", Guarantee: "at-least-once",
		},
		"{pattern: reply, payload: 'GET {id}', correlate: id}": {Pattern: report.Reply, Rate: 5, Size: 5, Payload: "GET {id}", Text: true, Correlate: "id", Guarantee: "at-least-once"},
		"{pattern: push}":   {Pattern: report.Push, Guarantee: "at-most-once"},
		"{pattern: silent}": {Pattern: report.Silent, Rate: 5, Size: 128, Guarantee: "at-most-once"},
		"{pattern: none}":   {Pattern: report.NoLoad, Size: 128, Guarantee: "at-least-once"},
	} {
		s, err := parse(load)
		require.NoError(t, err, load)
		assert.Equal(t, want, s.Load, load)
		again, err := Parse("again.yaml", s.YAML(), Options{})
		require.NoError(t, err, "%s", s.YAML())
		assert.Equal(t, s, again, load)
	}
	for load, want := range map[string]string{
		"{pattern: reply}":                                   "load.payload: required with pattern: reply",
		"{pattern: reply, payload: 'GET {id}'}":              "load.correlate: required where payload is not JSON with {id} in a field",
		`{pattern: reply, payload: '{"a": 1}'}`:              "load.payload: expected {id} in it, by which its answer is known",
		"{payload: 'hello'}":                                 "load.payload: expected {id} in it",
		"{payload: 'hello {id} {uuid}'}":                     "load.payload: there is no {uuid}; expected {id}, {client} or {pad}",
		"{payload: 'hello {id}', size: 100}":                 "load.size: expected {pad} in payload as well",
		"{payload: 'hello {id} {pad} {pad}'}":                "load.payload: expected {pad} once",
		"{payload: 'a rather long text {id}{pad}', size: 8}": "load.size: expected a size from 38 to 1MiB, got 8",
		"{pattern: reply, payload: '{id}', correlate: a..b}": "load.correlate: expected names joined by dots, as in data.id, got a..b",
		"{correlate: id}":                                    "load.correlate: expected pattern: reply with it",
		"{pattern: push, payload: '{id}'}":                   "load.payload: expected {client} alone with pattern: push",
		"{pattern: push, rate: 5/s}":                         "load.rate: expected none with pattern: push",
		"{pattern: push, size: 50}":                          "load.size: expected none with pattern: push",
		"{pattern: push, guarantee: at-least-once}":          "load.guarantee: expected at-most-once with pattern: push",
		"{pattern: silent, guarantee: at-least-once}":        "load.guarantee: expected at-most-once with pattern: silent",
		"{pattern: none, payload: a}":                        "load.payload: expected none where there are no messages",
	} {
		_, err := parse(load)
		require.ErrorContains(t, err, want, load)
		assert.Equal(t, 1, len(strings.Split(err.Error(), "\n")), "%s: %v", load, err)
	}
}

// TestGatesOnWhatCannotBeTold are refused, each with what can be.
func TestGatesOnWhatCannotBeTold(t *testing.T) {
	for pattern, gates := range map[string]map[string]string{
		report.Echo:   {"messages.lost == 0": "", "push.silence < 1s": "expected load: {pattern: push}", "gap.p50 < 1s": "expected load: {pattern: push}", "ping.p50 < 1s": ""},
		report.Push:   {"messages.lost == 0": "of push, push.* and gap.* tell", "latency.p99 < 1s": "of push, push.*", "avail.msg > 99%": "of push, push.*", "gap.chaos.p99 < 1s": "", "push.unheard == 0": "", "dip.back < 1s": "", "recovery.t99 < 1s": ""},
		report.Silent: {"messages.lost == 0": "of silent, messages.intended", "messages.intended > 0": "", "latency.p99 < 1s": "of silent, messages.intended", "push.rate > 1/s": "expected load: {pattern: push}", "ping.p99 < 1s": "", "recovery.t99 < 1s": ""},
		report.NoLoad: {"messages.lost == 0": "expected a load with messages to measure", "gap.p50 < 1s": "expected load: {pattern: push}"},
	} {
		for gate, want := range gates {
			text := fmt.Sprintf("scenario: a\ntargets: {mine: {url: \"ws://127.0.0.1:1/\"}}\nclients: {count: 5}\nload: {pattern: %s}\nfaults: [{name: cut, inject: reset}]\ngates: [%q]\n", pattern, gate)
			_, err := Parse("gates.yaml", []byte(text), Options{})
			if want == "" {
				assert.NoError(t, err, "%s: %s", pattern, gate)
				continue
			}
			require.ErrorContains(t, err, want, "%s: %s", pattern, gate)
			assert.ErrorContains(t, err, gate+" cannot be judged")
		}
	}
	_, err := Parse("steady.yaml", []byte("scenario: a\ntargets: {mine: {embedded: }}\nclients: {count: 5}\nload: {pattern: push}\nsteady_state: [latency.p99 < 1s]\n"), Options{})
	require.ErrorContains(t, err, "steady_state.0: latency.p99 < 1s cannot be judged")
}

// TestFilesOfTLS are looked up from the scenario's directory, and refused by their names.
func TestFilesOfTLS(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "other.pem"), []byte("nothing of the kind"), 0o600))
	at := func(tls string) (*Scenario, error) {
		return Parse(filepath.Join(dir, "a.yaml"), []byte("scenario: a\ntargets: {mine: {url: \"wss://127.0.0.1:1/\", tls: "+tls+"}}\nclients: {count: 1}\n"), Options{})
	}
	for tls, want := range map[string]string{
		"{ca: none.pem}":                    "a.yaml:2: targets.mine.tls.ca: expected a file, " + filepath.Join(dir, "none.pem") + ": no such file or directory",
		"{ca: other.pem}":                   "targets.mine.tls.ca: " + filepath.Join(dir, "other.pem") + ": expected certificates in PEM, got none",
		"{cert: other.pem, key: other.pem}": "targets.mine.tls.cert: " + filepath.Join(dir, "other.pem") + " with the key",
		"{cert: other.pem, key: none.pem}":  "targets.mine.tls.key: expected a file",
		"{key: other.pem}":                  "targets.mine.tls.cert: expected cert and key together",
		`{server_name: "a b\n"}`:            `targets.mine.tls.server_name: expected a host's name or address, such as chat.internal, got "a b\n"`,
		"{server_name: https://a.test}":     "targets.mine.tls.server_name: expected a host's name or address",
	} {
		_, err := at(tls)
		assert.ErrorContains(t, err, want, tls)
	}
	s, err := at("{insecure_skip_verify: true, server_name: a.test}")
	require.NoError(t, err)
	c, err := s.Targets[0].Config()
	require.NoError(t, err)
	assert.True(t, c.InsecureSkipVerify)
	assert.Equal(t, "a.test", c.ServerName)
	assert.NotNil(t, c.ClientSessionCache, "sessions of one target are not another's")
	c, err = (Target{}).Config()
	assert.NoError(t, err)
	assert.Nil(t, c)
}

func TestPayload(t *testing.T) {
	for payload, want := range map[Payload]string{
		`{"id": {id}, "of": {client}}`: `{"id": 12, "of": 3}`,
		"{id}{id}{client}{":            "12123{",
		"a{pad}b{id}":                  "a......b12",
		"{pad}":                        "..........",
		"no room {pad} for it at all":  "no room  for it at all",
	} {
		assert.Equal(t, want, string(payload.Append(nil, 12, 3, 10)), payload)
		assert.Equal(t, "before "+want, string(payload.Append([]byte("before "), 12, 3, 10)), payload)
	}
	match := Payload(`{"a.b": "{id}", "c": {client}}{pad}`).Pattern()
	assert.Equal(t, []string{`{"a.b": "77", "c": 5}...`, "77"}, match.FindStringSubmatch(`{"a.b": "77", "c": 5}...`))
	for _, other := range []string{`{"axb": "77", "c": 5}...`, `{"a.b": "77", "c": 5}... `, `{"a.b": "", "c": 5}`} {
		assert.Nil(t, match.FindStringSubmatch(other), other)
	}
}
