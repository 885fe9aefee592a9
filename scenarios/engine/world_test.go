package engine_test

import (
	"bytes"
	"context"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos/proc"
	"github.com/wsheal/wsheal/chaos/target"
	"github.com/wsheal/wsheal/chaos/toxi"
	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/report/live"
	"github.com/wsheal/wsheal/scenarios"
	"github.com/wsheal/wsheal/scenarios/engine"
)

// world runs scenarios on real sockets within this process: target and proxy are
// servers here instead of children.
type world struct {
	t        *testing.T
	journal  bytes.Buffer
	latency  bytes.Buffer
	proxy    *proxyHere
	newProxy func() *toxi.Server
}

func newWorld(t *testing.T) *world {
	return &world{t: t, newProxy: func() *toxi.Server { return toxi.NewServer(toxi.Options{Clock: proc.Monotonic}) }}
}

// run returns what is reported of a run of the scenario.
func (w *world) run(ctx context.Context, s *scenarios.Scenario) *report.Summary {
	w.t.Helper()
	require.NoError(w.t, engine.Run(ctx, s, w.env()))
	sum, err := report.Build(bytes.NewReader(w.journal.Bytes()), bytes.NewReader(w.latency.Bytes()))
	require.NoError(w.t, err)
	require.Empty(w.t, sum.Warnings)
	return sum
}

func (w *world) env() engine.Env {
	return engine.Env{
		Clock:   proc.Monotonic,
		Target:  w.target,
		Proxy:   w.startProxy,
		Self:    func() (engine.Usage, error) { return engine.Usage{}, nil },
		Journal: &w.journal, Latency: &w.latency,
		Track: live.NewTracker(live.Plan{}), Begun: func(time.Time) {},
		FDLimit: 20000, Version: "test", Host: "test", Started: time.Unix(0, 0),
	}
}

// server is something that serves until it is stopped.
type server struct {
	cancel context.CancelFunc
	ended  chan error
}

func serve(ctx context.Context, f func(context.Context) error) server {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s := server{cancel, make(chan error, 1)}
	go func() { s.ended <- f(ctx) }()
	return s
}

func (server) Usage() (engine.Usage, error) { return engine.Usage{}, nil }
func (server) Done() <-chan struct{}        { return nil }

func (s server) Stop(context.Context) error {
	s.cancel()
	return <-s.ended
}

type targetHere struct {
	server
	name string
	at   string
	srv  *target.Server
}

func (t targetHere) URL() string { return "ws://" + t.at + "/" }

func (t targetHere) Stats(context.Context) (report.Target, bool, error) {
	s := t.srv.Stats()
	return report.Target{Name: t.name, Live: s.Live, Upgraded: s.Upgraded, Rejected: s.Rejected}, true, nil
}

func (w *world) target(ctx context.Context, t scenarios.Target) (engine.Target, error) {
	if t.Embedded == nil {
		return targetHere{server: serve(ctx, func(ctx context.Context) error { <-ctx.Done(); return nil }), name: t.Name, at: t.URL, srv: nil}, nil
	}
	srv, err := target.New(target.Options{Handshake: target.Handshake(t.Embedded.Handshake)})
	require.NoError(w.t, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(w.t, err)
	return targetHere{serve(ctx, func(ctx context.Context) error { return srv.Serve(ctx, ln) }), t.Name, ln.Addr().String(), srv}, nil
}

type proxyHere struct {
	server
	*toxi.Driver
}

func (p proxyHere) Stop(ctx context.Context) error {
	p.Close()
	return p.server.Stop(ctx)
}

func (p proxyHere) Front(ctx context.Context, name, upstream string) (string, error) {
	return p.CreateProxy(ctx, name, upstream)
}

func (w *world) startProxy(ctx context.Context) (engine.Proxy, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(w.t, err)
	srv := w.newProxy()
	driver, err := toxi.NewDriver(ln.Addr().String())
	require.NoError(w.t, err)
	w.proxy = &proxyHere{serve(ctx, func(ctx context.Context) error { return srv.Serve(ctx, ln) }), driver}
	return w.proxy, nil
}

// scenario is a built-in one, made small.
func scenario(t *testing.T, name string, set ...string) *scenarios.Scenario {
	t.Helper()
	s, err := scenarios.Open(name, scenarios.Options{Set: append([]string{
		"clients.count=40", "clients.ramp=200ms", "load.rate=80/s", "hold=500ms", "steady_state=[]",
	}, set...)})
	require.NoError(t, err)
	return s
}

// hasty is the default policy at ten times its pace.
const hasty = "clients.policy={base: default, name: hasty, handshake_timeout: 500ms, prove_timeout: 1s, ping: {every: 600ms, timeout: 500ms}," +
	" first: {spread: 500ms}, backoff: {base: 100ms, cap: 1s}, stable_after: 500ms}"
