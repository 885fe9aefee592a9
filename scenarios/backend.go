package scenarios

import (
	"fmt"
	"slices"
	"strings"

	"github.com/wsheal/wsheal/chaos"
)

// carrier returns what carries a fault out: what is written, else the first that can. What
// cannot is a mistake, with the reason and with what could.
func (r *resolver) carrier(f chaos.Fault, k chaos.Kind, v view) chaos.Backend {
	if text, written := read(v, "by", asText); written {
		by := chaos.Backend(text)
		if why := r.unable(f, by); why != "" {
			v.complain("by", "%s", why)
		}
		return by
	}
	if v.wrong("by") {
		return ""
	}
	by, why := r.firstAble(f, k)
	if why != "" {
		v.complain("inject", "%s", why)
	}
	return by
}

// firstAble is the first backend that can carry a fault out, or why none can.
func (r *resolver) firstAble(f chaos.Fault, k chaos.Kind) (by chaos.Backend, why string) {
	// Of the reasons, that of a backend which is there says most.
	first, there := "", false
	for _, s := range k.Backends {
		why := r.unable(f, s.By)
		if why == "" {
			return s.By, ""
		}
		if has := r.opt.Lacks == nil || r.opt.Lacks(s.By) == ""; first == "" || has && !there {
			first, there = why, has
		}
	}
	return "", first
}

// unable says why a backend cannot carry a fault out in this run, "" when it can.
func (r *resolver) unable(f chaos.Fault, by chaos.Backend) string {
	if err := chaos.Refusal(f, by); err != nil {
		return err.Error()
	}
	if r.opt.Lacks != nil {
		if why := r.opt.Lacks(by); why != "" {
			return fmt.Sprintf("%s is not to be had: %s", by, why)
		}
	}
	i := slices.IndexFunc(r.s.Targets, func(t Target) bool { return t.Name == f.On })
	if i < 0 {
		return "" // said where the target is named
	}
	switch t := r.s.Targets[i]; {
	case r.s.Foreign() && (by == chaos.ByClients || by == chaos.ByResolver):
		return fmt.Sprintf("%s needs clients of the pool, and clients.command has others", by)
	case by == chaos.ByResolver && t.Host == "":
		return fmt.Sprintf("%s needs a target that has a name, which %s has not: expected targets.%s.host", by, t.Name, t.Name)
	case by == chaos.ByTarget && t.Embedded == nil:
		return fmt.Sprintf("%s needs the embedded target, which %s is not", by, t.Name)
	case chaos.NeedsTLS(f.Effect) && !t.secure():
		return fmt.Sprintf("%s %v needs a target that speaks TLS, which %s does not: expected embedded: {tls: true}, or wss://", f.Effect.Kind(), f.Effect, t.Name)
	case (by == chaos.ByProcess || by == chaos.ByKernel) && t.Embedded == nil && len(t.Command) == 0:
		return fmt.Sprintf("%s needs a target that the run starts, which %s is not", by, t.Name)
	}
	return ""
}

// secure says whether the target speaks TLS.
func (t Target) secure() bool {
	return t.Embedded != nil && t.Embedded.TLS || len(t.URL) > 4 && strings.EqualFold(t.URL[:4], "wss:")
}

// Needs says whether a fault of the scenario, or a part of one, is carried out by a backend.
func (s *Scenario) Needs(by chaos.Backend) bool {
	is := func(f chaos.Fault) bool { return f.By == by }
	return slices.ContainsFunc(s.Faults, func(f Fault) bool { return is(f.Fault) || slices.ContainsFunc(f.Parts, is) })
}

// Named says whether clients know a target by its name, so that it has to be resolved.
func (s *Scenario) Named() bool {
	return slices.ContainsFunc(s.Targets, func(t Target) bool { return t.Host != "" })
}

// Proxied says whether a proxy stands between clients and targets, ours or a stock one.
func (s *Scenario) Proxied() bool {
	return s.Foreign() || s.Needs(chaos.ByProxy) || s.Needs(chaos.ByToxiproxy)
}
