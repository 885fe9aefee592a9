package engine

import (
	"context"
	"net"
	"slices"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/scenarios"
)

// wrapper is an injector that stands between the clients and their connections.
type wrapper interface {
	Wrap(client uint64, target string, raw net.Conn) net.Conn
}

// through is a client's connection as it is to use it: the raw one, unless a fault of the
// run makes the client itself misbehave.
func (r *run) through(client uint64, target string, raw net.Conn) net.Conn {
	touched := func(f scenarios.Fault) bool {
		return f.By == chaos.ByClients && f.On == target && chaos.InCohort(f.Seed, f.Name, client, f.Share)
	}
	if w, ok := r.others[chaos.ByClients].(wrapper); ok && slices.ContainsFunc(r.scenario.Faults, touched) {
		return w.Wrap(client, target, raw)
	}
	return raw
}

// dialAs is how a canary reaches a target.
func (r *run) dialAs(client uint64, target string) dialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		raw, err := r.dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return r.through(client, target, raw), nil
	}
}
