package policies

import (
	"fmt"
	"strings"

	"github.com/wsheal/wsheal/pool/heal"
)

// Format writes a valid policy as YAML, in full. Parse reads the same policy back; its
// Endpoints are not part of the text.
func Format(p heal.Policy) []byte {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("name: %s", p.Name)
	line("handshake_timeout: %v", p.HandshakeTimeout)
	line("prove_timeout: %v", p.ProveTimeout)
	line("ping: {every: %v, timeout: %v}", p.PingEvery, p.PingTimeout)
	if p.First.Rule == heal.Spread {
		line("first: {spread: %v}", p.First.Within)
	} else {
		line("first: %v", p.First.Rule)
	}
	line("backoff: {base: %v, cap: %v, factor: %v, jitter: %v}", p.Backoff.Base, p.Backoff.Cap, p.Backoff.Factor, p.Backoff.Jitter)
	line("stable_after: %v", p.StableAfter)
	line("reset_on: %v", p.ResetOn)
	line("heed_server: %v", p.Heed)
	return []byte(b.String())
}
