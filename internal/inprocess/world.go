// Package inprocess runs scenarios on real sockets within one process, for tests: target
// and fault proxy are servers here instead of children.
package inprocess

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/consumer"
	"github.com/wsheal/wsheal/chaos/dns"
	"github.com/wsheal/wsheal/chaos/proc"
	"github.com/wsheal/wsheal/chaos/target"
	"github.com/wsheal/wsheal/chaos/toxi"
	"github.com/wsheal/wsheal/internal/fit"
	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/report/live"
	"github.com/wsheal/wsheal/scenarios"
	"github.com/wsheal/wsheal/scenarios/engine"
)

// World is where one run happens, and what it leaves.
type World struct {
	Journal bytes.Buffer
	Latency bytes.Buffer
	Proxy   func() *toxi.Server // makes the fault proxy

	t testing.TB
}

// New makes a world for one run.
func New(t testing.TB) *World {
	return &World{t: t, Proxy: func() *toxi.Server { return toxi.NewServer(toxi.Options{Clock: proc.Monotonic}) }}
}

// Judge runs the scenario and holds what is reported of it against what check asserts, and
// does so again where the machine was too busy for it.
func (w *World) Judge(s *scenarios.Scenario, check func(testing.TB, *report.Summary)) {
	w.t.Helper()
	fit.Judge(w.t, func() *report.Summary {
		w.Journal.Reset()
		w.Latency.Reset()
		require.NoError(w.t, engine.Run(w.t.Context(), s, w.Env()))
		sum, err := report.Build(bytes.NewReader(w.Journal.Bytes()), bytes.NewReader(w.Latency.Bytes()))
		require.NoError(w.t, err)
		return sum
	}, func(t testing.TB, sum *report.Summary) {
		require.Empty(t, sum.Warnings)
		check(t, sum)
	})
}

// Env is the world as the engine sees it.
func (w *World) Env() engine.Env {
	return engine.Env{
		Clock:  proc.Monotonic,
		Target: w.target,
		Proxy:  w.startProxy,
		Injector: func(_ context.Context, by chaos.Backend, _ map[string]engine.Target) (chaos.Injector, error) {
			if by != chaos.ByClients {
				return nil, fmt.Errorf("%s carries out no fault in one process", by)
			}
			return consumer.NewInjector(proc.Monotonic), nil
		},
		Names: func(names []engine.Name) (engine.Names, error) {
			all := make([]dns.Name, len(names))
			for i, n := range names {
				all[i] = dns.Name(n)
			}
			return dns.Listen(all, proc.Monotonic)
		},
		Self:    func() (engine.Usage, error) { return engine.Usage{}, nil },
		Journal: &w.Journal, Latency: &w.Latency,
		Track: live.NewTracker(live.Plan{}), Begun: func(time.Time) {},
		FDLimit: 20000, Version: "test", Host: "test",
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
func (server) Err() error                   { return nil }

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

func (t targetHere) URL() string {
	if strings.Contains(t.at, "://") {
		return t.at // one of others, as the scenario has it
	}
	return "ws://" + t.at + "/"
}

func (t targetHere) Stats(context.Context) (report.Target, bool, error) {
	if t.srv == nil {
		return report.Target{}, false, nil
	}
	s := t.srv.Stats()
	return report.Target{Name: t.name, Live: s.Live, Upgraded: s.Upgraded, Rejected: s.Rejected, Messages: s.Messages, Replies: (*report.Replies)(s.Replies)}, true, nil
}

func (w *World) target(ctx context.Context, t scenarios.Target) (engine.Target, error) {
	if t.Embedded == nil {
		return targetHere{server: serve(ctx, func(ctx context.Context) error { <-ctx.Done(); return nil }), name: t.Name, at: t.URL, srv: nil}, nil
	}
	srv, err := target.New(target.Options{
		Handshake: target.Handshake(t.Embedded.Handshake), Replies: target.Replies(t.Embedded.Replies), Clock: proc.Monotonic,
	})
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

func (w *World) startProxy(ctx context.Context, _ bool) (engine.Proxy, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(w.t, err)
	srv := w.Proxy()
	driver, err := toxi.NewDriver(ln.Addr().String())
	require.NoError(w.t, err)
	return proxyHere{serve(ctx, func(ctx context.Context) error { return srv.Serve(ctx, ln) }), driver}, nil
}

// Small is a built-in scenario, made small.
func Small(t testing.TB, name string, set ...string) *scenarios.Scenario {
	t.Helper()
	s, err := scenarios.Open(name, scenarios.Options{Set: append([]string{
		"clients.count=40", "clients.ramp=200ms", "load.rate=80/s", "hold=500ms", "steady_state=[]",
	}, set...)})
	require.NoError(t, err)
	return s
}

// Hasty is the default policy at ten times its pace, as an argument of Small. It comes back
// soon, and takes its time to give up: on a busy machine what is slow is not lost.
const Hasty = "clients.policy={base: default, name: hasty, handshake_timeout: 10s, prove_timeout: 10s, ping: {every: 60s, timeout: 30s}," +
	" first: {spread: 500ms}, backoff: {base: 100ms, cap: 1s}, stable_after: 500ms}"
