package main

import (
	"context"
	"fmt"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/consumer"
	"github.com/wsheal/wsheal/chaos/kernel"
	"github.com/wsheal/wsheal/chaos/proc"
	"github.com/wsheal/wsheal/chaos/target"
	"github.com/wsheal/wsheal/scenarios/engine"
)

// startInjector makes what carries faults out but the fault proxy.
func startInjector(_ context.Context, by chaos.Backend, targets map[string]engine.Target) (chaos.Injector, error) {
	switch by {
	case chaos.ByTarget:
		return target.NewInjector(controls(targets)), nil
	case chaos.ByProcess:
		return proc.NewInjector(processes(targets), proc.Monotonic), nil
	case chaos.ByKernel:
		return kernel.NewInjector(addresses(targets), proc.Monotonic), nil
	case chaos.ByClients:
		return consumer.NewInjector(proc.Monotonic), nil
	}
	return nil, fmt.Errorf("%s carries out no fault here", by)
}

// controls are the addresses of the embedded targets' control APIs, by name.
func controls(targets map[string]engine.Target) map[string]string {
	out := map[string]string{}
	for name, t := range targets {
		if t, ok := t.(embeddedTarget); ok {
			out[name] = t.at.Control
		}
	}
	return out
}
