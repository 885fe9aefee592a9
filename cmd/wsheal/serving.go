package main

import (
	"context"
	"crypto/rand"
	"errors"

	"github.com/wsheal/wsheal/chaos/proc"
	"github.com/wsheal/wsheal/chaos/target"
	"github.com/wsheal/wsheal/scenarios"
	"github.com/wsheal/wsheal/scenarios/engine"
)

// serving is a target's process as the engine sees it, through all of its lives.
type serving struct{ *proc.Server }

func (s serving) Usage() (engine.Usage, error) {
	u, err := s.Server.Usage()
	return engine.Usage(u), err
}

// process is what faults of processes break; targets that the run has started have one.
func (s serving) process() *proc.Server { return s.Server }

// processes are those of the targets that the run has started, by name.
func processes(targets map[string]engine.Target) map[string]*proc.Server {
	out := map[string]*proc.Server{}
	for name, t := range targets {
		if t, ok := t.(interface{ process() *proc.Server }); ok {
			out[name] = t.process()
		}
	}
	return out
}

// authorityEnv has the secret of a target's authority, for all of its lives.
const authorityEnv = "WSHEAL_TARGET_AUTHORITY"

// startEmbedded starts our own server. Where it listens is its own choice the first time,
// and stays.
func startEmbedded(ctx context.Context, t scenarios.Target) (engine.Target, error) {
	name := "target " + t.Name
	args := []string{"target", "--handshake", t.Embedded.Handshake.String()}
	if t.Embedded.Replies != (scenarios.Replies{}) {
		args = append(args, "--replies", t.Embedded.Replies.String())
	}
	var env []string
	if t.Embedded.TLS {
		args = append(args, "--tls")
		// One authority through all of its lives, as clients are told once whom to trust. What
		// is in the environment only this user can read.
		env = []string{authorityEnv + "=" + rand.Text()}
	}
	child, at, err := startSelf(ctx, name, env, args...)
	if err != nil {
		return nil, err
	}
	args = append(args, "--listen", at.Listen, "--control", at.Control)
	again := func(ctx context.Context) (*proc.Child, error) {
		child, _, err := startSelf(ctx, name, env, args...)
		return child, err
	}
	server := proc.NewServer(name, at.Listen, child, again)
	server.Drains(func(ctx context.Context, code uint16) (int, error) { return target.Drain(ctx, at.Control, code) })
	return embeddedTarget{serving{server}, t.Name, at}, nil
}

// startCommand starts the user's server.
func startCommand(ctx context.Context, t scenarios.Target) (engine.Target, error) {
	name, addr := "target "+t.Name, scenarios.Address(t.URL)
	start := func(ctx context.Context) (*proc.Child, error) {
		child, err := proc.Start(ctx, proc.Spec{Name: name, Path: t.Command[0], Args: t.Command[1:]})
		if err != nil {
			return nil, err
		}
		waiting, cancel := context.WithTimeout(ctx, listenTimeout)
		defer cancel()
		if err := child.WaitListening(waiting, addr); err != nil {
			return nil, errors.Join(err, child.Stop(context.WithoutCancel(ctx)))
		}
		return child, nil
	}
	child, err := start(ctx)
	if err != nil {
		return nil, &engine.SetupError{Err: err}
	}
	return commandTarget{serving{proc.NewServer(name, addr, child, start)}, remoteTarget{t.URL}}, nil
}
