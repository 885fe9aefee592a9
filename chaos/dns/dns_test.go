package dns_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/dns"
	"github.com/wsheal/wsheal/chaos/proc"
	"github.com/wsheal/wsheal/chaos/target"
	"github.com/wsheal/wsheal/internal/faultrig"
)

var blueAt, greenAt = netip.MustParseAddr("127.53.0.1"), netip.MustParseAddr("127.53.0.2")

func resolver(t *testing.T) *dns.Server {
	t.Helper()
	s, err := dns.Listen([]dns.Name{{Target: "blue", Host: "blue.test", Addr: blueAt}, {Target: "green", Addr: greenAt}}, proc.Monotonic)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// named is a rig whose clients know their target by its name, and what resolves it. Behind
// green's address is another target.
func named(t *testing.T) (rig *faultrig.Rig, s *dns.Server, green *target.Server) {
	t.Helper()
	serve := func() (*target.Server, string) {
		srv, err := target.New(target.Options{})
		require.NoError(t, err)
		return srv, faultrig.Serve(t, srv.Serve)
	}
	blue, direct := serve()
	green, other := serve()
	s = resolver(t)
	homes := map[netip.Addr]string{blueAt: direct, greenAt: other}
	_, port, err := net.SplitHostPort(direct)
	require.NoError(t, err)
	return &faultrig.Rig{
		T: t, Addr: "blue.test:" + port, Direct: direct, Target: blue,
		Open: func(ctx context.Context, network, addr string) (net.Conn, error) {
			host, port, err := net.SplitHostPort(addr)
			if err != nil {
				return nil, err
			}
			found, err := s.Lookup(ctx, host)
			if err != nil {
				return nil, err
			}
			to, ok := homes[found[0]]
			if !ok {
				to = net.JoinHostPort(found[0].String(), port)
			}
			return new(net.Dialer).DialContext(ctx, network, to)
		},
	}, s, green
}

const delay = 100 * time.Millisecond

// effects are what a resolver can do, and what exactly who dials sees of it.
var effects = []struct {
	chaos.DNS
	sees chaos.Sight
}{
	{chaos.DNS{}, chaos.SeesDNS},
	{chaos.DNS{Answer: chaos.ServFail}, chaos.SeesDNS},
	{chaos.DNS{Answer: chaos.NoAnswer}, chaos.SeesDNS},
	{chaos.DNS{Answer: chaos.Moved}, chaos.SeesRefused},
	{chaos.DNS{Answer: chaos.Moved, To: "green"}, chaos.SeesNothing},
	{chaos.DNS{Answer: chaos.Right, Delay: delay}, chaos.SeesSlow},
	{chaos.DNS{Answer: chaos.NXDomain, Delay: delay}, chaos.SeesDNS},
}

func TestEveryKindIsProved(t *testing.T) {
	for _, k := range chaos.KindsOf(chaos.ByResolver) {
		assert.Equal(t, "dns", k.Name, "the table lists the resolver for %s: prove it", k.Name)
	}
	for _, e := range effects {
		t.Run(e.String(), func(t *testing.T) {
			t.Parallel()
			rig, s, _ := named(t)
			rig.Prove(faultrig.Case{Fault: chaos.Fault{Effect: e.DNS, Share: 1}, By: s})
		})
	}
	t.Run("idle", func(t *testing.T) {
		rig, s, _ := named(t)
		open := rig.Dial(1)
		rig.Idle(faultrig.Case{Fault: chaos.Fault{Effect: chaos.DNS{}, Share: 1}, By: s})
		assert.Equal(t, chaos.SeesNothing, open.Look(0, false))
	})
}

// TestWhatIsSeenExactly of each effect, by one who dials under it, and by one who was there.
func TestWhatIsSeenExactly(t *testing.T) {
	for _, e := range effects {
		t.Run(e.String(), func(t *testing.T) {
			t.Parallel()
			rig, s, green := named(t)
			old := rig.Dial(1)
			f := chaos.Fault{Name: "it", On: "blue", Share: 1, Effect: e.DNS}
			require.NoError(t, s.Inject(t.Context(), f))
			limit := faultrig.Patience
			if e.Says() == chaos.NoAnswer {
				limit = delay
			}
			x, saw, err := rig.Try(2, limit)
			if err == nil && x.Took >= delay && e.Delay > 0 {
				saw = chaos.SeesSlow
			}
			assert.Equal(t, e.sees, saw, "%v", err)
			if none, ok := errors.AsType[*net.DNSError](err); ok {
				assert.Equal(t, e.Says() == chaos.NXDomain, none.IsNotFound, "only then there is no such name: %v", err)
			}
			if e.Whose() == "green" {
				assert.Equal(t, chaos.SeesNothing, x.Look(0, false))
				assert.EqualValues(t, 1, green.Stats().Upgraded, "it came to the other target")
			} else {
				assert.Zero(t, green.Stats().Upgraded)
			}
			assert.Equal(t, chaos.SeesNothing, old.Look(0, false), "open connections go on")
		})
	}
}

// TestOthersCanAsk: over UDP and over TCP, of names and types that are there and are not.
func TestOthersCanAsk(t *testing.T) {
	s := resolver(t)
	for _, network := range []string{"udp", "tcp"} {
		r := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, s.Addr())
		}}
		found, err := r.LookupNetIP(t.Context(), "ip", "BLUE.test.")
		require.NoError(t, err)
		assert.Equal(t, []netip.Addr{blueAt}, found)
		for _, c := range [][2]string{{"ip", "green.test."}, {"ip", "test."}, {"ip6", "blue.test."}} {
			_, err = r.LookupNetIP(t.Context(), c[0], c[1])
			var none *net.DNSError
			require.ErrorAs(t, err, &none)
			assert.True(t, none.IsNotFound, c)
		}
	}
}

// TestFaultOfANameIsItsOwn: other names are answered truly, and it ends by itself.
func TestFaultOfANameIsItsOwn(t *testing.T) {
	s, err := dns.Listen([]dns.Name{{Target: "blue", Host: "blue.test", Addr: blueAt}, {Target: "green", Host: "green.test", Addr: greenAt}}, proc.Monotonic)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	f := chaos.Fault{Name: "it", On: "blue", Share: 1, For: delay, Effect: chaos.DNS{}}
	require.NoError(t, s.Inject(t.Context(), f))
	require.EqualError(t, s.Inject(t.Context(), f), `inject "it" on "blue": "it" is still in force there, expected one fault of a name at a time`)
	found, err := s.Lookup(t.Context(), "green.test")
	require.NoError(t, err)
	assert.Equal(t, []netip.Addr{greenAt}, found)
	require.Eventually(t, func() bool {
		e, err := s.Evidence(t.Context(), "it")
		return err == nil && e.Cleared > 0
	}, faultrig.Patience, time.Millisecond)
	_, err = s.Lookup(t.Context(), "blue.test")
	require.NoError(t, err)
	e, err := s.Evidence(t.Context(), "it")
	require.NoError(t, err)
	assert.Zero(t, e.Count("misled"), "nobody had asked for blue")

	require.NoError(t, s.Clear(t.Context(), "nobody"))
	_, err = s.Evidence(t.Context(), "nobody")
	require.EqualError(t, err, `evidence of "nobody": it was never injected`)
	f.On = "red"
	require.EqualError(t, s.Supports(f), `fault "it": target "red" has no name that is resolved`)
	f.On, f.Effect = "blue", chaos.DNS{Answer: chaos.Moved, To: "red"}
	require.EqualError(t, s.Supports(f), `fault "it": there is no target "red" to move to`)
	f.Share = 0.5
	require.ErrorContains(t, s.Supports(f), "cannot pick clients")
}

// TestClosedServerAnswersNobody, not even who waits for a late answer.
func TestClosedServerAnswersNobody(t *testing.T) {
	s := resolver(t)
	f := chaos.Fault{Name: "it", On: "blue", Share: 1, Effect: chaos.DNS{Answer: chaos.Right, Delay: time.Minute}}
	require.NoError(t, s.Inject(t.Context(), f))
	ended := make(chan error, 1)
	go func() {
		_, err := s.Lookup(context.Background(), "blue.test")
		ended <- err
	}()
	require.Eventually(t, func() bool {
		e, err := s.Evidence(t.Context(), "it")
		return err == nil && e.Count("misled") > 0
	}, faultrig.Patience, time.Millisecond)
	require.NoError(t, s.Close())
	require.Error(t, <-ended)
}
