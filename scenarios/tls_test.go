package scenarios

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEmbeddedTLS is read and written, and what cannot be done with it is refused.
func TestEmbeddedTLS(t *testing.T) {
	text := func(inject string) []byte {
		return []byte("scenario: secure\ntargets: {blue: {embedded: {tls: true}}}\nclients: {count: 10}\nfaults: [{name: f, inject: " + inject + "}]\n")
	}
	s, err := Parse("secure.yaml", text("tls_cert, cert: wrong_name, for: 2s"), Options{})
	require.NoError(t, err)
	assert.True(t, s.Targets[0].Embedded.TLS)
	again, err := Parse("secure.yaml", s.YAML(), Options{})
	require.NoError(t, err)
	assert.True(t, again.Targets[0].Embedded.TLS)

	for _, again := range []string{"kill", "rolling_restart"} {
		_, err = Parse("secure.yaml", text(again), Options{})
		assert.NoError(t, err, "its authority outlives it")
	}
	for inject, what := range map[string]string{"tls_cert": "tls_cert expired", "accept_hang, stage: tls": "accept_hang at tls"} {
		_, err = Parse("plain.yaml", bytes.Replace(text(inject), []byte("tls: true"), nil, 1), Options{})
		assert.ErrorContains(t, err, what+" needs a target that speaks TLS, which blue does not: expected embedded: {tls: true}, or wss://")
	}
	_, err = Parse("secure.yaml", text("tls_cert, share: 50%"), Options{})
	assert.ErrorContains(t, err, "its tls_cert is of all of them")
}
