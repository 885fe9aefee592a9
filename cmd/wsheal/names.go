package main

import (
	"github.com/wsheal/wsheal/chaos/dns"
	"github.com/wsheal/wsheal/chaos/proc"
	"github.com/wsheal/wsheal/scenarios/engine"
)

// startNames starts the resolver of a run.
func startNames(names []engine.Name) (engine.Names, error) {
	all := make([]dns.Name, len(names))
	for i, n := range names {
		all[i] = dns.Name(n)
	}
	s, err := dns.Listen(all, proc.Monotonic)
	if err != nil {
		return nil, err
	}
	return s, nil
}
