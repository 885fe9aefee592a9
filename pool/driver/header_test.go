package driver

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/wsheal/wsheal/pool/heal"
)

func TestHeadersThatWouldBreakTheHandshake(t *testing.T) {
	for want, h := range map[string]http.Header{
		"header X-Y: expected a value without control characters, got \"a\\r\\nInjected: yes\"": {"X-Y": {"a\r\nInjected: yes"}},
		"header X-Y: expected a value without control characters, got \"a\\x00\"":               {"X-Y": {"a\x00"}},
		"header \"X Y\": expected a name of letters, digits and -":                              {"X Y": {"a"}},
		"header \"\": expected a name of letters, digits and -":                                 {"": {"a"}},
		"header sec-websocket-key: expected none, it is the handshake's":                        {"sec-websocket-key": {"x"}},
		"header UPGRADE: expected none, it is the handshake's":                                  {"UPGRADE": {"h2c"}},
		"header Sec-Websocket-Protocol: expected none, it is named by Subprotocols":             {"Sec-Websocket-Protocol": {"x"}},
		"header Host: expected at most one, got 2":                                              {"Host": {"a"}, "host": {"b"}},
	} {
		assert.EqualError(t, HeaderFaults(h), want)
	}
	assert.NoError(t, HeaderFaults(http.Header{"Host": {"a"}, "Authorization": {"Bearer\tü"}, "X_1": {""}}))
	assert.NoError(t, HeaderFaults(nil))
}

func TestSubprotocolsAreTokens(t *testing.T) {
	o := Options{Policy: patient(), Endpoints: []Endpoint{{URL: "ws://a"}}, Subprotocols: []string{"v1.chat", "a b", "x\r\n", "v1.chat", ""}}
	assert.EqualError(t, joined(o.Faults()), `fleet: Subprotocols[1]: expected a token of letters, digits, . and -, got "a b"
fleet: Subprotocols[2]: expected a token of letters, digits, . and -, got "x\r\n"
fleet: Subprotocols[3]: expected each once, got "v1.chat" again
fleet: Subprotocols[4]: expected a token of letters, digits, . and -, got ""`)
}

func TestAnAttemptWithBrokenHeadersIsTheCredentials(t *testing.T) {
	broken := http.Header{"Authorization": {"a\r\nb"}}
	for name, change := range map[string]func(*Options){
		"header": func(o *Options) { o.Header = func(int, uint32) http.Header { return broken } },
		"credentials": func(o *Options) {
			o.Credentials = func(context.Context, Attempt, *Credentials) (Credentials, error) {
				return Credentials{Header: broken}, nil
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, change, func(w *world) {
				w.fleet.Start(0)
				time.Sleep(time.Second)
				assert.Equal(w, heal.Credentials, w.state(0).Cause)
				assert.Empty(w, w.ends(), "nothing was dialled")
			})
		})
	}
}

func TestADialThatReturnsNothingIsAFailure(t *testing.T) {
	nothing := func(context.Context, string, string) (net.Conn, error) { return nil, nil }
	inWorld(t, func(o *Options) { o.DialContext = nothing }, func(w *world) {
		w.fleet.Start(0)
		time.Sleep(time.Second)
		failed := w.log.steps(heal.Failed)
		if assert.NotEmpty(w, failed) {
			assert.ErrorContains(w, failed[0].Err, "DialContext returned neither")
		}
	})
}
