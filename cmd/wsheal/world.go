package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/wsheal/wsheal/chaos/proc"
	"github.com/wsheal/wsheal/chaos/target"
	"github.com/wsheal/wsheal/chaos/toxi"
	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/scenarios"
	"github.com/wsheal/wsheal/scenarios/engine"
)

const (
	helloTimeout  = 10 * time.Second // for a child of ours to say where it listens
	listenTimeout = 15 * time.Second // for the user's command to accept connections
)

// engineEnv is the real world: children are this program again, in their other roles.
func engineEnv(fdLimit int) engine.Env {
	before, _ := proc.Machine() // where it cannot be told, it stays zero and so does the share
	return engine.Env{
		Clock:    proc.Monotonic,
		Target:   startTarget,
		Proxy:    startProxy,
		Injector: startInjector,
		Names:    startNames,
		Clients:  startClients(nil),
		Self: func() (engine.Usage, error) {
			u, err := proc.Self()
			return engine.Usage(u), err
		},
		Machine: func() float64 {
			now, err := proc.Machine()
			if err != nil {
				return 0
			}
			defer func() { before = now }()
			return now.StealShare(before)
		},
		FDLimit: fdLimit,
		Version: version(),
		Host:    hostLabel(),
	}
}

// hello is what a child of ours says first.
type hello struct {
	Listen  string `json:"listen,omitempty"`
	Control string `json:"control"`
	CA      string `json:"ca,omitempty"` // PEM; empty without TLS
}

// startSelf starts this program in another role, with env besides this process's own, and
// returns what it said.
func startSelf(ctx context.Context, name string, env []string, args ...string) (*proc.Child, hello, error) {
	var h hello
	self, err := os.Executable()
	if err != nil {
		return nil, h, err
	}
	child, err := proc.Start(ctx, proc.Spec{Name: name, Path: self, Args: args, Env: env, Hello: helloTimeout})
	if err != nil {
		return nil, h, err
	}
	if err := json.Unmarshal(child.Hello, &h); err != nil {
		return nil, h, errors.Join(fmt.Errorf("%s said %q, expected its addresses: %w", name, child.Hello, err), child.Stop(ctx))
	}
	return child, h, nil
}

// childProcess is a child as the engine sees it.
type childProcess struct{ *proc.Child }

func (c childProcess) Usage() (engine.Usage, error) {
	u, err := c.Child.Usage()
	return engine.Usage(u), err
}

// embeddedTarget is our own echo server.
type embeddedTarget struct {
	serving
	name string
	at   hello
}

func (t embeddedTarget) URL() string {
	return target.Hello{Listen: t.at.Listen, CA: t.at.CA}.URL()
}

// Roots are the authorities that have to be trusted, PEM; empty without TLS.
func (t embeddedTarget) Roots() string { return t.at.CA }

func (t embeddedTarget) Stats(ctx context.Context) (report.Target, bool, error) {
	s, err := target.ReadStats(ctx, t.at.Control)
	return report.Target{
		Name: t.name, Live: s.Live, Upgraded: s.Upgraded, Rejected: s.Rejected,
		Queue: s.Queue, Stale: s.Stale, Messages: s.Messages, Replies: (*report.Replies)(s.Replies),
	}, true, err
}

// commandTarget is the user's server, started by the run.
type commandTarget struct {
	serving
	remoteTarget
}

// remoteTarget is a server that was there before.
type remoteTarget struct{ url string }

func (t remoteTarget) URL() string { return t.url }
func (remoteTarget) Stats(context.Context) (report.Target, bool, error) {
	return report.Target{}, false, nil
}
func (remoteTarget) Usage() (engine.Usage, error) { return engine.Usage{}, proc.ErrUnsupported }
func (remoteTarget) Done() <-chan struct{}        { return nil }
func (remoteTarget) Err() error                   { return nil }
func (remoteTarget) Stop(context.Context) error   { return nil }

func (t commandTarget) Usage() (engine.Usage, error)   { return t.serving.Usage() }
func (t commandTarget) Done() <-chan struct{}          { return t.serving.Done() }
func (t commandTarget) Err() error                     { return t.serving.Err() }
func (t commandTarget) Stop(ctx context.Context) error { return t.serving.Stop(ctx) }

func startTarget(ctx context.Context, t scenarios.Target) (engine.Target, error) {
	switch {
	case t.Embedded != nil:
		return startEmbedded(ctx, t)
	case len(t.Command) > 0:
		// Else a server left over from before is tested, and not the one that is started.
		if conn, err := net.DialTimeout("tcp", scenarios.Address(t.URL), time.Second); err == nil {
			conn.Close()
			return nil, &engine.SetupError{Err: fmt.Errorf("target %s: something already listens on %s; expected it to be free for %s", t.Name, scenarios.Address(t.URL), t.Command[0])}
		}
		return startCommand(ctx, t)
	default:
		return remoteTarget{t.URL}, nil
	}
}

// startClients starts the program that has the clients; what it writes to stderr goes to a
// file, too, nil: it is only kept for error messages.
func startClients(stderr io.Writer) func(context.Context, []string, []string) (engine.Process, error) {
	return func(ctx context.Context, command, env []string) (engine.Process, error) {
		child, err := proc.Start(ctx, proc.Spec{Name: "clients", Path: command[0], Args: command[1:], Env: env, Stderr: stderr})
		if err != nil {
			return nil, err
		}
		return childProcess{child}, nil
	}
}

// faultProxy is the fault proxy's process and the driver that commands it.
type faultProxy struct {
	childProcess
	*toxi.Driver
}

func (p faultProxy) Stop(ctx context.Context) error {
	p.Close()
	return p.Child.Stop(ctx)
}

func (p faultProxy) Front(ctx context.Context, name, upstream string) (string, error) {
	return p.CreateProxy(ctx, name, upstream)
}

func startProxy(ctx context.Context, remote bool) (engine.Proxy, error) {
	args := []string{"proxy", "--listen", "127.0.0.1:0"}
	if remote {
		args = append(args, "--allow-remote")
	}
	child, at, err := startSelf(ctx, "fault proxy", nil, args...)
	if err != nil {
		return nil, err
	}
	driver, err := toxi.NewDriver(at.Control)
	if err != nil {
		return nil, errors.Join(err, child.Stop(ctx))
	}
	return faultProxy{childProcess{child}, driver}, nil
}
