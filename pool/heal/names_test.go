package heal

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// The journal is written in these words and read back by them.
func TestNames(t *testing.T) {
	assertWords(t, ParsePhase, "idle", "waiting", "dialing", "proving", "ready", "stable", "suspect", "gave up", "retired",
		"asking", "checking", "moving", "joining")
	assertWords(t, ParseEventKind, "start", "timer", "opened", "failed", "proved", "lost", "close",
		"admitted", "disproved", "checked", "move", "scatter")
	assertWords(t, ParseActionKind, "arm", "dial", "ping", "kill", "shut", "ask", "check", "drain")
	assertWords(t, ParseCause, "", "refused", "timeout", "reset", "eof", "half-open", "close", "status", "tls", "dns",
		"protocol", "write-stall", "unproved", "unknown", "frozen", "unpinged", "invalid", "credentials")
	assertWords(t, ParseFirstRule, "at-once", "spread", "backoff")
	assertWords(t, ParseJitter, "none", "full", "equal", "decorrelated", "uniform", "scaled", "added")
	assertWords(t, ParseResetOn, "stable", "open")
	assertWords(t, ParsePath, "", "dead", "frozen")
	assertWords(t, ParseVerdict, "", "retry", "planned", "throttled", "elsewhere", "reauth", "give-up")

	for p, want := range []string{"none", "first", "backoff", "ping", "endpoint", "throttle", "check", "lifetime", "scatter", "crowd"} {
		assert.Equal(t, want, Purpose(p).String())
	}
}

// assertWords holds an enum against its words, in the order of its values.
func assertWords[T interface {
	~uint8
	String() string
}](t *testing.T, parse func(string) (T, bool), words ...string) {
	t.Helper()
	for i, word := range words {
		assert.Equal(t, word, T(i).String())
		v, ok := parse(word)
		assert.True(t, ok, word)
		assert.Equal(t, T(i), v, word)
	}
	_, ok := parse("nonsense")
	assert.False(t, ok)
	assert.Equal(t, "200", T(200).String())
	_, ok = parse(T(len(words)).String())
	assert.False(t, ok, "a value without a word")
}
