package target_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/target"
	"github.com/wsheal/wsheal/internal/faultrig"
)

func init() {
	whole := func(e chaos.Effect) faultrig.Case { return faultrig.Case{Fault: chaos.Fault{Effect: e, Share: 1}} }
	proofs["tls_cert"] = proof{
		tls: true,
		sees: []faultrig.Case{
			whole(chaos.TLSCert{Cert: chaos.CertExpired}), whole(chaos.TLSCert{Cert: chaos.CertWrongName}), whole(chaos.TLSCert{Cert: chaos.CertUntrusted}),
		},
		idle: whole(chaos.TLSCert{Cert: chaos.CertExpired}),
	}
	// What the others do is done over TLS as well, and in its handshake.
	doors := faultrig.Doors()
	for kind, p := range faultrig.DoorsTLS() {
		proofs[kind+" in TLS"] = proof{tls: true, sees: p.Sees, idle: p.Idle}
	}
	for _, kind := range []string{"accept_hang", "slow_handshake", "accept_then_close", "upgrade_reject", "bad_accept", "conn_limit"} {
		proofs[kind+" over TLS"] = proof{tls: true, sees: doors[kind].Sees, idle: doors[kind].Idle}
	}
	drips := faultrig.Case{Fault: faultrig.Drips(1).Fault}
	proofs["slow_handshake by rate"] = proof{sees: []faultrig.Case{faultrig.Drips(0.5), faultrig.Drips(1)}, idle: drips}
	proofs["slow_handshake by rate over TLS"] = proof{tls: true, sees: []faultrig.Case{faultrig.Drips(0.5)}, idle: drips}
}

// TestTLSFaultsNeedTLS: on a target without it they are refused, with what to do.
func TestTLSFaultsNeedTLS(t *testing.T) {
	_, by := rigWith(t, target.New, false)
	for _, e := range []chaos.Effect{chaos.TLSCert{}, chaos.AcceptHang{Stage: chaos.AtTLS}} {
		err := by.Inject(t.Context(), chaos.Fault{Name: "f", On: "blue", Share: 1, Effect: e})
		assert.ErrorContains(t, err, "the target speaks no TLS, expected one with it")
	}
}
