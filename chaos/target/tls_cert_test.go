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
	proofs["accept_hang, TLS"] = proof{
		tls:  true,
		sees: append(doors["accept_hang"].Sees, whole(chaos.AcceptHang{Stage: chaos.AtTLS})),
		idle: whole(chaos.AcceptHang{Stage: chaos.AtTLS}),
	}
	for _, kind := range []string{"accept_then_close", "upgrade_reject"} {
		proofs[kind+", TLS"] = proof{tls: true, sees: doors[kind].Sees, idle: doors[kind].Idle}
	}
}

// TestTLSFaultsNeedTLS: on a target without it they are refused, with what to do.
func TestTLSFaultsNeedTLS(t *testing.T) {
	_, by := rigWith(t, target.New, false)
	for _, e := range []chaos.Effect{chaos.TLSCert{}, chaos.AcceptHang{Stage: chaos.AtTLS}} {
		err := by.Inject(t.Context(), chaos.Fault{Name: "f", On: "blue", Share: 1, Effect: e})
		assert.ErrorContains(t, err, "the target speaks no TLS, expected one with it")
	}
}
