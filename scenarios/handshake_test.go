package scenarios

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHandshakesAreReadBack(t *testing.T) {
	for _, h := range []Handshake{
		{Overflow: "503"},
		{Workers: 3, Cost: 1500 * time.Microsecond, Burn: true, Queue: 7, Overflow: "hang", RetryAfter: 2 * time.Second, LIFO: true, StaleWork: true},
	} {
		got, err := ParseHandshake(h.String())
		require.NoError(t, err)
		assert.Equal(t, h, got)
	}
	got, err := ParseHandshake("")
	require.NoError(t, err)
	assert.Equal(t, Handshake{Overflow: "503"}, got)
	assert.Equal(t, got.String(), Handshake{}.String())
}

func TestParseHandshakeTellsEverything(t *testing.T) {
	_, err := ParseHandshake("{workers: x, cots: 2ms}")
	assert.EqualError(t, err, `handshake:1: workers: expected a whole number from 0 to 1048576, got x
handshake:1: cots: there is no such field; did you mean cost?`)
	_, err = ParseHandshake("{")
	assert.ErrorContains(t, err, "expected YAML: ")
}

func TestAddress(t *testing.T) {
	for url, want := range map[string]string{
		"ws://127.0.0.1:9001/x": "127.0.0.1:9001",
		"ws://localhost/":       "localhost:80",
		"wss://[::1]/":          "[::1]:443",
		"WSS://example.org":     "example.org:443",
		"127.0.0.1:1":           "127.0.0.1:1",
	} {
		assert.Equal(t, want, Address(url), url)
	}
}

// TestFaultsNeedTargetsApart: a fault on one of two targets of one address would hit the
// clients of both, or of neither.
func TestFaultsNeedTargetsApart(t *testing.T) {
	const two = `
scenario: two
targets:
  blue: {url: "ws://127.0.0.1:9001/a"}
  green: {url: "ws://127.0.0.1:9001/b"}
clients: {count: 1, endpoints: [{target: blue}]}
`
	_, err := Parse("two.yaml", []byte(two), Options{})
	require.NoError(t, err)
	_, err = Parse("two.yaml", []byte(two+"faults: [{name: cut, inject: reset, on: blue}]"), Options{})
	assert.ErrorContains(t, err, "targets: expected targets of different addresses where there are faults, got 127.0.0.1:9001 for blue and green")
}

// TestAFileWithoutEndIsTooLarge: it is refused like any other that is, and not read whole.
func TestAFileWithoutEndIsTooLarge(t *testing.T) {
	if _, err := os.Stat("/dev/zero"); err != nil {
		t.Skip("there is no /dev/zero here")
	}
	_, err := Open("/dev/zero", Options{})
	assert.ErrorContains(t, err, "expected at most 64 KiB of YAML")
}
