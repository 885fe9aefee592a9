package engine

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/scenarios"
)

// A target that has a name has an address of its own for it, which is in no packet: the
// dial of the run takes who asks for it to the target, or to the proxy in front of it. So
// that one name can lead to another target, whatever ports they listen on.
//
//	ws://blue.test:41234/ ── resolver ──▶ 127.53.0.1 ── home ──▶ 127.0.0.1:41234 ── front ──▶ the proxy

// startNames starts the resolver of a run with names. It carries out faults of them.
func (r *run) startNames() error {
	if !r.scenario.Named() {
		return nil
	}
	r.homes = map[netip.Addr]string{}
	var all []Name
	for i, t := range r.scenario.Targets {
		n := i + 1
		at := netip.AddrFrom4([4]byte{127, 53, byte(n >> 8), byte(n)})
		r.homes[at] = scenarios.Address(r.targets[i].URL())
		all = append(all, Name{Target: t.Name, Host: t.Host, Addr: at})
	}
	names, err := r.env.Names(all)
	if err != nil {
		return &SetupError{fmt.Errorf("names of targets: %w", err)}
	}
	r.names, r.others[chaos.ByResolver] = names, names
	return nil
}

// url is the address of a target as clients know it.
func (r *run) url(i int) string {
	known := r.targets[i].URL()
	if host := r.scenario.Targets[i].Host; host != "" {
		if u, err := url.Parse(known); err == nil {
			u.Host = host
			if _, port, err := net.SplitHostPort(scenarios.Address(known)); err == nil {
				u.Host = net.JoinHostPort(host, port)
			}
			return u.String()
		}
	}
	return known
}

// finding is a dial that names of targets can be given to.
func (r *run) finding(dial dialFunc) dialFunc {
	if r.names == nil {
		return dial
	}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		at, err := r.find(ctx, addr)
		if err != nil {
			return nil, err
		}
		return dial(ctx, network, at)
	}
}

// find returns where to connect to for what a client dials: the name of a target is resolved.
func (r *run) find(ctx context.Context, addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || !slices.ContainsFunc(r.scenario.Targets, func(t scenarios.Target) bool { return t.Host == host }) {
		return addr, nil
	}
	found, err := r.names.Lookup(ctx, host)
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		return "", &net.DNSError{Err: "it has no address", Name: host, IsNotFound: true}
	}
	if home, ok := r.homes[found[0].Unmap()]; ok {
		return home, nil
	}
	return net.JoinHostPort(found[0].String(), port), nil
}
