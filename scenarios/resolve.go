package scenarios

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wsheal/wsheal/chaos"
)

// resolver turns a checked tree into a Scenario: presets filled in, names looked up,
// times made absolute. What it finds wrong goes to the same list; a field that the
// check has refused is left alone, so that nothing is said twice.
type resolver struct {
	view
	opt Options
	s   Scenario
}

func (r *resolver) scenario() *Scenario {
	s := &r.s
	s.AllowRemote = r.opt.AllowRemote
	s.Name, _ = read(r.view, "scenario", asText)
	s.About, _ = read(r.view, "about", asText)
	s.Seed, _ = read(r.view, "seed", parseSeed)
	s.Hold, _ = read(r.view, "hold", parseDuration)
	r.targets(r.into("targets"))
	r.phases(r.into("phases"))
	r.clients(r.into("clients"))
	r.load(r.into("load"))
	for _, v := range r.items("faults") {
		if v.node.kind == mapping {
			r.fault(v)
		}
	}
	if s.Proxied() {
		r.addressesDiffer()
	}
	s.Steady = r.gates("steady_state", r.steadyUnfit)
	s.Gates = r.gates("gates", r.gateUnfit)
	s.struck = strike(s.secrets)
	return s
}

// addressesDiffer holds for a scenario with a proxy: the proxy in front of a target is found
// by the address that clients dial.
func (r *resolver) addressesDiffer() {
	seen := map[string]string{}
	for _, t := range r.s.Targets {
		if t.URL == "" {
			continue
		}
		at := Address(t.URL)
		if other, taken := seen[at]; taken {
			r.complain("targets", "expected targets of different addresses where there are faults, got %s for %s and %s", at, other, t.Name)
		}
		seen[at] = t.Name
	}
}

func (r *resolver) targets(v view) {
	if len(v.node.pairs) == 0 {
		if r.written("targets") && !r.wrong("targets") {
			r.complain("targets", "expected at least one target")
		}
		return
	}
	for _, entry := range v.node.pairs {
		if slices.ContainsFunc(r.s.Targets, func(t Target) bool { return t.Name == entry.key }) {
			continue // a repeated key, said already
		}
		r.s.Targets = append(r.s.Targets, r.target(entry.key, view{v.problems, v.node.get(entry.key), &targetShape, join(v.path, entry.key)}))
	}
	slices.SortFunc(r.s.Targets, func(a, b Target) int { return cmp.Compare(a.Name, b.Name) })
}

func (r *resolver) target(name string, v view) Target {
	t := Target{Name: name}
	if v.node.kind != mapping {
		return t
	}
	t.Zone, _ = read(v, "zone", asText)
	t.Host, _ = read(v, "host", asText)
	if i := slices.IndexFunc(r.s.Targets, func(o Target) bool { return o.Host == t.Host }); t.Host != "" && i >= 0 {
		v.complain("host", "expected a name of its own; it is that of target %s", r.s.Targets[i].Name)
	}
	embedded, url, command := v.written("embedded"), v.written("url"), v.written("command")
	switch {
	case embedded && (url || command):
		v.add(v.node, v.path, "expected embedded alone, or url with or without command, got both")
	case command && !url:
		v.complain("url", "required: where the command listens")
	case !embedded && !url:
		v.add(v.node, v.path, "expected embedded, url, or command with url, got none of them")
	}
	if embedded {
		e := v.into("embedded")
		secure, _ := read(e, "tls", parseBool)
		t.Embedded = &Embedded{Handshake: handshake(e.into("handshake")), TLS: secure}
		if e.written("replies") {
			t.Embedded.Replies = replies(e.into("replies"))
		}
	}
	if command {
		t.Command = readAll(v, "command", asText)
		if len(t.Command) == 0 && !v.wrong("command") {
			v.complain("command", "expected a program and its arguments, got nothing")
		}
	}
	if text, source, ok := r.address(v); url && ok {
		t.URL, t.source = text, source
		if err := checkURL(text, t.Shown(), r.opt.AllowRemote); err != nil {
			v.complain("url", "%s", err)
		}
	}
	r.access(v, &t)
	return t
}

// access reads what upgrades to a target have beside its address.
func (r *resolver) access(v view, t *Target) {
	for _, name := range []string{"headers", "subprotocols", "tls"} {
		if v.written(name) && t.Embedded != nil {
			v.complain(name, "expected none: the built-in server has no use for it (embedded: {tls: true} has it speak wss)")
			return
		}
	}
	if v.written("headers") {
		t.Headers = r.headers(v.into("headers"))
	}
	if v.written("subprotocols") {
		t.Subprotocols = subprotocols(v)
	}
	if v.written("tls") && !v.wrong("tls") {
		if t.URL != "" && !t.secure() {
			v.complain("tls", "expected a url that begins with wss:// where there is TLS")
		}
		t.TLS = r.secure(v.into("tls"))
	}
}

func handshake(v view) Handshake {
	var h Handshake
	h.Workers, _ = read(v, "workers", strconv.Atoi)
	h.Cost, _ = read(v, "cost", parseDuration)
	h.Burn, _ = read(v, "burn", parseBool)
	h.Queue, _ = read(v, "queue", strconv.Atoi)
	h.Overflow, _ = read(v, "overflow", asText)
	h.RetryAfter, _ = read(v, "retry_after", parseDuration)
	h.LIFO, _ = read(v, "lifo", parseBool)
	h.StaleWork, _ = read(v, "stale_work", parseBool)
	if h.RetryAfter%time.Second != 0 {
		v.complain("retry_after", "expected whole seconds, got %s", formatDuration(h.RetryAfter))
	}
	if h.Workers == 0 && h.Queue > 0 {
		v.complain("queue", "expected workers as well: without them nothing ever waits")
	}
	return h
}

func (r *resolver) phases(v view) {
	var now time.Duration
	for _, name := range phaseNames {
		d, ok := read(v, name, parseDuration)
		if ok && d > 0 {
			r.s.Phases = append(r.s.Phases, Phase{Name: name, From: now, To: now + d})
		}
		now += d
	}
	if now == 0 && !r.wrong("phases") {
		r.complain("phases", "expected at least one phase longer than 0")
	}
}

// Phase returns the phase of a name; of one that is left out, its zero value.
func (s *Scenario) Phase(name string) Phase {
	i := slices.IndexFunc(s.Phases, func(p Phase) bool { return p.Name == name })
	if i < 0 {
		return Phase{}
	}
	return s.Phases[i]
}

// End is the length of the plan.
func (s *Scenario) End() time.Duration {
	if len(s.Phases) == 0 {
		return 0
	}
	return s.Phases[len(s.Phases)-1].To
}

func (r *resolver) clients(v view) {
	c := &r.s.Clients
	c.Count, _ = read(v, "count", strconv.Atoi)
	c.Sharing, _ = read(v, "sharing", asText)
	warmup := r.s.Phase("warmup").To
	if ramp, ok := read(v, "ramp", parseDuration); !v.written("ramp") {
		c.Ramp = min(2*time.Second, warmup)
	} else if c.Ramp = ramp; ok && ramp > warmup && !r.into("phases").wrong("warmup") {
		v.complain("ramp", "expected to end within the warmup (%s), got %s", formatDuration(warmup), formatDuration(ramp))
	}
	for _, e := range v.items("endpoints") {
		if e.node.kind == mapping {
			r.endpoint(e)
		}
	}
	switch {
	case len(c.Endpoints) > mostEndpoints:
		v.complain("endpoints", "expected at most %d, got %d", mostEndpoints, len(c.Endpoints))
	case len(c.Endpoints) > 0 || v.wrong("endpoints"):
	case len(r.s.Targets) == 1:
		c.Endpoints = []Endpoint{{Target: r.s.Targets[0].Name, Weight: 1}}
	case len(r.s.Targets) > 1:
		v.complain("endpoints", "required where there are several targets: where clients dial")
	}
	if v.written("command") {
		r.others(v)
		return
	}
	r.policy(v)
}

func (r *resolver) endpoint(v view) {
	var e Endpoint
	e.Priority, _ = read(v, "priority", strconv.Atoi)
	e.Weight, _ = read(v, "weight", strconv.Atoi)
	if target, ok := read(v, "target", asText); ok && r.knownTarget(v, "target", target) {
		e.Target = target
		twice := slices.ContainsFunc(r.s.Clients.Endpoints, func(o Endpoint) bool { return o.Target == target })
		if twice && r.s.Clients.Sharing == Shared {
			v.complain("target", "expected each target once where clients share what they know of it, got %s again", target)
		}
	}
	r.s.Clients.Endpoints = append(r.s.Clients.Endpoints, e)
}

// knownTarget complains about a name that no target has. Without any target that has
// been said elsewhere.
func (r *resolver) knownTarget(v view, field, name string) bool {
	var names []string
	for _, t := range r.s.Targets {
		names = append(names, t.Name)
	}
	if len(names) > 0 && !slices.Contains(names, name) {
		v.complain(field, "there is no target %s; targets are %s", shown(name), strings.Join(names, ", "))
		return false
	}
	return true
}

func (r *resolver) fault(v view) {
	f := Fault{Fault: chaos.Fault{Seed: r.s.Seed}}
	var ok bool
	if f.Name, ok = read(v, "name", asText); ok && slices.ContainsFunc(r.s.Faults, func(o Fault) bool { return o.Name == f.Name }) {
		v.complain("name", "expected a name of its own; there is another fault %s", f.Name)
	}
	f.Share, _ = read(v, "share", parseShare)
	kind, known := read(v, "inject", asText)
	if kind == (chaos.Zone{}).Kind() {
		if v.written("on") {
			v.complain("on", "expected none: the targets of a zone say that they are in it")
		}
	} else if f.On, ok = read(v, "on", asText); ok {
		r.knownTarget(v, "on", f.On)
	} else if !v.written("on") && len(r.s.Targets) == 1 {
		f.On = r.s.Targets[0].Name
	} else if !v.written("on") && len(r.s.Targets) > 1 {
		v.complain("on", "required where there are several targets: which one")
	}
	if known {
		if k, found := chaos.Lookup(kind); found {
			f.Effect, ok = decodeEffect(k, v)
			if ok {
				f.Expect = expectedSights(f.Fault, v)
			}
			if conns, good := read(v, "connections", asText); good {
				f.Conns = chaos.Conns(conns)
			}
			if k.Ramp {
				f.Ramp, _ = read(v, "ramp", parseDuration)
			}
			if !k.Once && v.written("flap") {
				f.Flap = flap(v.into("flap"))
			}
			once := k.OnceOf(f.Conns)
			if once && len(k.Conns) > 1 && v.written("for") {
				v.complain("for", "expected none: %s of %s connections happens once and is over", k.Name, chaos.Existing)
			}
			r.place(&f, v, !once)
			if d, named := f.Effect.(chaos.DNS); named && d.Whose() != chaos.Nobody {
				ok = r.knownTarget(v, "to", d.Whose()) && ok
			}
			if z, zonal := f.Effect.(chaos.Zone); zonal && ok {
				f.Parts, ok = r.zoneParts(z, f.Fault, v)
			}
			if ok {
				f.By = r.carrier(f.Fault, k, v)
			}
		}
	}
	r.s.Faults = append(r.s.Faults, f)
}

// flap reads how a fault comes and goes.
func flap(v view) (f chaos.Flap) {
	var up, down bool
	f.Up, up = read(v, "up", parseDuration)
	f.Down, down = read(v, "down", parseDuration)
	cycles, _ := read(v, "cycles", strconv.Atoi)
	f.Cycles = int64(cycles)
	if !up || !down {
		return f
	}
	for _, why := range f.Check() {
		name, _, _ := strings.Cut(why, " ")
		v.complain(name, "%s", why)
	}
	return f
}

// place puts a fault into the plan. Faults before chaos are refused: they would spoil
// the baseline that everything is compared with.
func (r *resolver) place(f *Fault, v view, lasts bool) {
	at, ok := read(v, "at", parseMoment)
	if !ok || r.into("phases").wrong(at.phase) || r.s.End() == 0 {
		return
	}
	in := r.s.Phase(at.phase)
	switch end := r.s.End(); {
	case at.phase == "warmup" || at.phase == "baseline":
		v.complain("at", "expected a phase from chaos on: a fault in the %s would spoil what recovery is compared with", at.phase)
		return
	case in.To == 0:
		v.complain("at", "expected a phase of the plan; %s has no length", at.phase)
		return
	case in.From+at.offset >= end:
		v.complain("at", "expected a moment before the end of the plan (%s), got %s", formatDuration(end), formatDuration(in.From+at.offset))
		return
	}
	f.At = in.From + at.offset
	if !lasts {
		f.For = f.Ramp // it is over when the last of its cohort has had it
		if end := r.s.End(); f.At+f.For > end {
			v.complain("ramp", "expected to be over by the end of the plan (%s), ends at %s", formatDuration(end), formatDuration(f.At+f.For))
		}
		return
	}
	if f.For, ok = read(v, "for", parseDuration); !v.written("for") {
		f.For = r.s.phaseAt(f.At).To - f.At
	} else if ok && f.For == 0 {
		v.complain("for", "expected more than 0; share: 0%% is a fault that touches nobody")
	} else if end := r.s.End(); ok && f.At+f.For > end {
		v.complain("for", "expected to be over by the end of the plan (%s), ends at %s", formatDuration(end), formatDuration(f.At+f.For))
	}
	if f.Ramp > f.For && !v.wrong("for") {
		v.complain("ramp", "expected at most the %s for which it is in force, got %s", formatDuration(f.For), formatDuration(f.Ramp))
	}
}

// phaseAt returns the phase that a moment of the plan belongs to.
func (s *Scenario) phaseAt(t time.Duration) Phase {
	for _, p := range s.Phases {
		if t < p.To {
			return p
		}
	}
	return Phase{}
}
