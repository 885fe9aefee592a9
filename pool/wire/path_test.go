package wire

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/wsheal/wsheal/pool/heal"
)

// TestPathConclusions draws them from values of tcp_info as Linux 6 reports them; the
// first two are those of TestPath.
func TestPathConclusions(t *testing.T) {
	for name, test := range map[string]struct {
		facts facts
		want  heal.Path
	}{
		"a ping that was acknowledged":    {facts{established: true, sent: 182, window: 65536}, heal.PathFrozen},
		"a ping sent three times":         {facts{established: true, sent: 195, unacked: 1, retransmits: 2, window: 65536}, heal.PathDead},
		"a ping sent again once":          {facts{established: true, sent: 195, unacked: 1, retransmits: 1, window: 65536}, heal.PathUnknown},
		"a ping under way":                {facts{established: true, sent: 182, unacked: 1, window: 65536}, heal.PathUnknown},
		"a closed window":                 {facts{established: true, sent: 1 << 20, waiting: 1 << 16}, heal.PathFrozen},
		"a closed window, just probed":    {facts{established: true, sent: 1 << 20, waiting: 1 << 16, probes: 1}, heal.PathFrozen},
		"a closed window, and no answers": {facts{established: true, sent: 1 << 20, waiting: 1 << 16, probes: 2}, heal.PathDead},
		"keepalives without an answer":    {facts{established: true, sent: 182, probes: 3, window: 65536}, heal.PathDead},
		"about to be sent":                {facts{established: true, sent: 182, waiting: 100, window: 65536}, heal.PathUnknown},
		"nothing was ever sent":           {facts{established: true, window: 65536}, heal.PathUnknown},
		"closed":                          {facts{sent: 182, retransmits: 5}, heal.PathUnknown},
	} {
		assert.Equal(t, test.want, test.facts.path(), name)
	}
}
