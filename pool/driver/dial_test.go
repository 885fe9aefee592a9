package driver

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/wsheal/wsheal/pool/heal"
)

// TestWhoSendsNoPingsHasTCPLookForDeadPeers: else nothing would.
func TestWhoSendsNoPingsHasTCPLookForDeadPeers(t *testing.T) {
	for every, want := range map[time.Duration]bool{0: true, time.Second: false} {
		d := newDialer(&Options{Policy: heal.Policy{PingEvery: every}})
		assert.Equal(t, want, d.KeepAlive, "a ping every %v", every)
	}
}
