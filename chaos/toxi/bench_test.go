package toxi_test

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/toxi"
)

// benchRig is a proxy and its driver in front of an echo target.
func benchRig(b *testing.B) (d *toxi.Driver, proxied, direct string) {
	b.Helper()
	s := toxi.NewServer(toxi.Options{})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, ln) }()
	b.Cleanup(func() {
		cancel()
		require.NoError(b, <-ended)
	})
	direct = newTarget(b).addr
	d, err = toxi.NewDriver(ln.Addr().String())
	require.NoError(b, err)
	b.Cleanup(d.Close)
	proxied, err = d.CreateProxy(b.Context(), "blue", direct)
	require.NoError(b, err)
	return d, proxied, direct
}

func benchDial(b *testing.B, addr string, id int) net.Conn {
	b.Helper()
	dialer := ws.Dialer{Header: ws.HandshakeHeaderString(fmt.Sprintf("%s: %d/1\r\n", chaos.IdentityHeader, id))}
	c, _, _, err := dialer.Dial(b.Context(), "ws://"+addr+"/")
	require.NoError(b, err)
	b.Cleanup(func() { _ = c.Close() })
	return c
}

// BenchmarkEcho is one round trip of 128 bytes, one in flight.
func BenchmarkEcho(b *testing.B) {
	frame := ws.MustCompileFrame(ws.MaskFrame(ws.NewBinaryFrame(make([]byte, 128))))
	d, proxied, direct := benchRig(b)
	for _, way := range []struct {
		name, addr string
		fault      chaos.Effect
	}{
		{"direct", direct, nil},
		{"proxied", proxied, nil},
		{"armed-for-others", proxied, chaos.Partition{}},
	} {
		b.Run("path="+way.name, func(b *testing.B) {
			c := benchDial(b, way.addr, 1)
			if way.fault != nil {
				require.NoError(b, d.Inject(b.Context(), chaos.Fault{Name: "f", On: "blue", Share: 1e-9, Effect: way.fault}))
				defer func() { require.NoError(b, d.Clear(b.Context(), "f")) }()
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Write(frame); err != nil {
					b.Fatal(err)
				}
				if _, err := wsutil.ReadServerBinary(c); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkArm is putting a partition in force on live connections and clearing it,
// control API included.
func BenchmarkArm(b *testing.B) {
	for _, conns := range []int{100, 1000} {
		b.Run(fmt.Sprintf("conns=%d", conns), func(b *testing.B) {
			d, proxied, _ := benchRig(b)
			for i := range conns {
				benchDial(b, proxied, i)
			}
			for b.Loop() {
				require.NoError(b, d.Inject(b.Context(), chaos.Fault{Name: "f", On: "blue", Share: 1, Effect: chaos.Partition{}}))
				require.NoError(b, d.Clear(b.Context(), "f"))
			}
		})
	}
}

// BenchmarkLatencyError is how much later than asked a delayed answer comes, median and
// 99th percentile, beside the time of an echo without delay.
func BenchmarkLatencyError(b *testing.B) {
	frame := ws.MustCompileFrame(ws.MaskFrame(ws.NewBinaryFrame(make([]byte, 128))))
	for _, delay := range []time.Duration{50 * time.Millisecond, 200 * time.Millisecond} {
		b.Run(fmt.Sprintf("delay=%v", delay), func(b *testing.B) {
			d, proxied, _ := benchRig(b)
			c := benchDial(b, proxied, 1)
			require.NoError(b, d.Inject(b.Context(), chaos.Fault{
				Name: "slow", On: "blue", Share: 1, Effect: chaos.Latency{Delay: delay},
			}))
			for b.Loop() {
				if _, err := c.Write(frame); err != nil {
					b.Fatal(err)
				}
				if _, err := wsutil.ReadServerBinary(c); err != nil {
					b.Fatal(err)
				}
			}
			e, err := d.Evidence(b.Context(), "slow")
			require.NoError(b, err)
			b.ReportMetric(float64(e.DelayNS)/float64(e.Delayed)/1e6, "added-ms/chunk")
		})
	}
}

// BenchmarkReset is the reset of live connections, from the command to its confirmation.
func BenchmarkReset(b *testing.B) {
	const conns = 1000
	d, proxied, _ := benchRig(b)
	for n := 0; b.Loop(); n++ {
		b.StopTimer()
		var all []net.Conn
		for i := range conns {
			all = append(all, benchDial(b, proxied, i))
		}
		b.StartTimer()
		name := fmt.Sprint("cut", n)
		require.NoError(b, d.Inject(b.Context(), chaos.Fault{Name: name, On: "blue", Share: 1, Effect: chaos.Reset{}}))
		b.StopTimer()
		e, err := d.Evidence(b.Context(), name)
		require.NoError(b, err)
		require.EqualValues(b, conns, e.Hit)
		for _, c := range all {
			require.NoError(b, c.Close())
		}
		b.StartTimer()
	}
}
