// Package faultrig proves faults on real sockets, for the tests of every backend: an echo
// target, the fault proxy in front of it, and clients that say what they see.
//
//	Client ─▶ fault proxy ─▶ chaos/target          Prove: the clients see it, the counters say so
//	             ▲ Injector                        Idle:  nothing to act on, and that is told
//
// A new kind of fault brings two tests: one call of Prove and one of Idle.
package faultrig

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/proc"
	"github.com/wsheal/wsheal/chaos/target"
	"github.com/wsheal/wsheal/chaos/toxi"
)

// Patience bounds every wait of a test; nothing is measured against it.
const Patience = 30 * time.Second

// Rig is a target with the fault proxy in front of it. Everything ends with the test.
type Rig struct {
	T      testing.TB
	Addr   string         // that clients dial, host:port
	Target *target.Server // behind it
	Direct string         // the target's own address
	TLS    *tls.Config    // clients speak it; nil: they do not
	Header http.Header    // of every upgrade
	// Open opens the clients' TCP connections; nil: a net.Dialer.
	Open func(ctx context.Context, network, addr string) (net.Conn, error)
	// Through returns what a client uses in place of its connection; nil: that itself.
	Through func(client uint64, raw net.Conn) net.Conn
	Proxy   *toxi.Driver
}

// New starts a rig. Faults are On "blue".
func New(t testing.TB) *Rig { return NewWith(t, target.Options{}) }

// NewTLS starts a rig whose target speaks TLS.
func NewTLS(t testing.TB) *Rig { return NewWith(t, target.Options{TLS: true}) }

// NewWith starts a rig whose target has options. Where it speaks TLS, clients do.
func NewWith(t testing.TB, o target.Options) *Rig {
	t.Helper()
	srv, err := target.New(o)
	require.NoError(t, err)
	r := &Rig{T: t, Target: srv}
	if o.TLS {
		roots := x509.NewCertPool()
		require.True(t, roots.AppendCertsFromPEM(srv.CA()))
		r.TLS = &tls.Config{RootCAs: roots}
	}
	r.Direct = Serve(t, srv.Serve)
	control := Serve(t, toxi.NewServer(toxi.Options{Clock: proc.Monotonic}).Serve)
	r.Proxy, err = toxi.NewDriver(control)
	require.NoError(t, err)
	t.Cleanup(r.Proxy.Close)
	r.Addr, err = r.Proxy.CreateProxy(t.Context(), "blue", r.Direct)
	require.NoError(t, err)
	return r
}

// Serve runs a server on a free port of the loopback for the length of the test, and
// returns its address.
func Serve(t testing.TB, serve func(context.Context, net.Listener) error) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-ended:
			require.NoError(t, err)
		case <-time.After(Patience):
			require.Fail(t, "a server does not end")
		}
	})
	return ln.Addr().String()
}

// Members returns n clients of a fault's cohort, or n outside it.
func Members(f chaos.Fault, n int, in bool) []uint64 {
	var list []uint64
	for id := uint64(0); len(list) < n; id++ {
		if chaos.InCohort(f.Seed, f.Name, id, f.Share) == in {
			list = append(list, id)
		}
	}
	return list
}
