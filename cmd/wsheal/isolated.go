package main

import (
	"context"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/kernel"
	"github.com/wsheal/wsheal/scenarios"
	"github.com/wsheal/wsheal/scenarios/engine"
)

// isolated sees to it that a scenario with faults of the kernel runs in a network
// namespace of its own: this program runs it there, as another process, and what has come
// of it is returned with away true.
func isolated(ctx context.Context, s *scenarios.Scenario) (away bool, err error) {
	switch {
	case !s.Needs(chaos.ByKernel):
		return false, nil
	case kernel.Inside():
		return false, internal(kernel.Settle())
	}
	code, err := kernel.Isolate(ctx)
	if err != nil {
		return true, internal(err)
	}
	if code == 0 {
		return true, nil
	}
	return true, &exitError{code, nil}
}

// addresses are where the targets listen, by name.
func addresses(targets map[string]engine.Target) map[string]string {
	out := map[string]string{}
	for name, t := range targets {
		out[name] = scenarios.Address(t.URL())
	}
	return out
}
