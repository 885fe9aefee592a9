package target_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/proc"
	"github.com/wsheal/wsheal/chaos/target"
	"github.com/wsheal/wsheal/internal/faultrig"
)

// proofs are what proves each kind that the target is listed for: one call of Prove for
// each effect, and one of Idle. A rule's own test file adds its kind here from init.
var proofs = map[string]proof{}

type proof struct {
	sees []faultrig.Case
	idle faultrig.Case
	tls  bool // the target speaks it

	always bool // it acts whether anybody is there or not: there is no idle
}

func TestEveryKindIsProved(t *testing.T) {
	for _, k := range chaos.KindsOf(chaos.ByTarget) {
		assert.Contains(t, proofs, k.Name, "the table lists the target for %s: prove it", k.Name)
	}
	for name, p := range proofs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.NotEmpty(t, p.sees)
			for _, c := range p.sees {
				t.Run(c.String(), func(t *testing.T) {
					rig, by := rigWith(t, target.New, p.tls)
					c.By = by
					rig.Prove(c)
				})
			}
			if p.always {
				return
			}
			t.Run("idle", func(t *testing.T) {
				rig, by := rigWith(t, target.New, p.tls)
				p.idle.By = by
				rig.Idle(p.idle)
			})
		})
	}
}

// TestDeafTargetProvesNothing: a target that confirms every fault and obeys none is found
// out, with clients of the cohort who do all that the fault acts on.
func TestDeafTargetProvesNothing(t *testing.T) {
	for name, p := range proofs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rig, by := rigWith(t, target.NewDeaf, p.tls)
			f := p.sees[0].Fault
			rig.Idle(faultrig.Case{Fault: f, By: by, Quiet: func(x *faultrig.Client) { x.Look(0, false) }})
		})
	}
}

// rigWith is a rig whose clients speak with the target itself, and what has it misbehave.
func rigWith(t *testing.T, make func(target.Options) (*target.Server, error), secure bool) (*faultrig.Rig, *target.Injector) {
	t.Helper()
	srv, err := make(target.Options{Clock: proc.Monotonic, TLS: secure})
	require.NoError(t, err)
	control := httptest.NewServer(srv.Control())
	t.Cleanup(control.Close)
	addr := faultrig.Serve(t, srv.Serve)
	rig := &faultrig.Rig{T: t, Addr: addr, Direct: addr, Target: srv, Header: http.Header{"Authorization": {"Bearer first"}}}
	if secure {
		roots := x509.NewCertPool()
		require.True(t, roots.AppendCertsFromPEM(srv.CA()))
		rig.TLS = &tls.Config{RootCAs: roots, ClientSessionCache: tls.NewLRUClientSessionCache(0)}
	}
	return rig, target.NewInjector(map[string]string{"blue": strings.TrimPrefix(control.URL, "http://")})
}

func init() {
	for kind, p := range faultrig.Doors() {
		proofs[kind] = proof{sees: p.Sees, idle: p.Idle}
	}
}
