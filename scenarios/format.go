package scenarios

import (
	"strconv"
	"strings"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/pool/policies"
	"github.com/wsheal/wsheal/report"
)

// YAML writes the resolved scenario in its own format: every preset is spelled out
// and the policy stands in full, so that the file alone repeats the run. Parse reads
// it back as an equal Scenario, given the same AllowRemote.
func (s *Scenario) YAML() []byte {
	root := &node{kind: mapping}
	root.put("scenario", s.Name)
	if s.About != "" {
		root.put("about", s.About)
	}
	root.put("seed", strconv.FormatUint(s.Seed, 10))
	targets := root.putMapping("targets")
	for _, t := range s.Targets {
		t.write(targets.putMapping(t.Name))
	}
	s.Clients.write(root.putMapping("clients"))
	s.Load.write(root.putMapping("load"))
	phases := root.putMapping("phases")
	for _, name := range phaseNames {
		p := s.Phase(name)
		phases.put(name, formatDuration(p.To-p.From))
	}
	root.put("hold", formatDuration(s.Hold))
	root.putGates("steady_state", s.Steady)
	faults := root.putList("faults")
	for _, f := range s.Faults {
		faults.items = append(faults.items, s.fault(f))
	}
	root.putGates("gates", s.Gates)
	return root.render()
}

func (t Target) write(to *node) {
	if t.Embedded != nil {
		h := t.Embedded.Handshake
		e := to.putMapping("embedded")
		if t.Embedded.TLS {
			e.put("tls", "true")
		}
		m := e.putMapping("handshake")
		m.put("workers", strconv.Itoa(h.Workers))
		m.put("cost", formatDuration(h.Cost))
		m.put("burn", strconv.FormatBool(h.Burn))
		m.put("queue", strconv.Itoa(h.Queue))
		m.put("overflow", h.Overflow)
		m.put("retry_after", formatDuration(h.RetryAfter))
		m.put("lifo", strconv.FormatBool(h.LIFO))
		m.put("stale_work", strconv.FormatBool(h.StaleWork))
		if t.Embedded.Replies != (Replies{}) {
			t.Embedded.Replies.write(e)
		}
	}
	if len(t.Command) > 0 {
		list := to.putList("command")
		for _, word := range t.Command {
			list.items = append(list.items, literal(word))
		}
	}
	if t.URL != "" {
		to.putSource("url", t.URL, t.source)
	}
	if len(t.Headers) > 0 {
		m := to.putMapping("headers")
		for _, h := range t.Headers {
			m.putSource(h.Name, h.Value, h.source)
		}
	}
	if t.Subprotocols != nil {
		list := to.putList("subprotocols")
		for _, name := range t.Subprotocols {
			list.items = append(list.items, literal(name))
		}
	}
	if t.TLS != nil {
		t.TLS.write(to)
	}
	if t.Host != "" {
		to.put("host", t.Host)
	}
	if t.Zone != "" {
		to.put("zone", t.Zone)
	}
}

func (c Clients) write(to *node) {
	to.put("count", strconv.Itoa(c.Count))
	if c.Command != nil {
		list := to.putList("command")
		for _, word := range c.Command {
			list.items = append(list.items, literal(word))
		}
	} else {
		to.put("ramp", formatDuration(c.Ramp))
		to.put("sharing", c.Sharing)
	}
	endpoints := to.putList("endpoints")
	for _, e := range c.Endpoints {
		m := &node{kind: mapping}
		m.put("target", e.Target)
		m.put("priority", strconv.Itoa(e.Priority))
		m.put("weight", strconv.Itoa(e.Weight))
		endpoints.items = append(endpoints.items, m)
	}
	if c.Command != nil {
		return
	}
	to.pairs = append(to.pairs, pair{key: "policy", value: policyNode(policies.Policy{Client: c.Policy, Shared: c.Shared})})
}

func (s *Scenario) fault(f Fault) *node {
	m := &node{kind: mapping}
	m.put("name", f.Name)
	m.put("inject", f.Effect.Kind())
	if f.On != "" {
		m.put("on", f.On)
	}
	in := s.phaseAt(f.At)
	at := in.Name
	if f.At > in.From {
		at += "+" + formatDuration(f.At-in.From)
	}
	m.put("at", at)
	if k, _ := chaos.Lookup(f.Effect.Kind()); !k.OnceOf(f.Conns) {
		m.put("for", formatDuration(f.For))
	}
	m.put("share", formatShare(f.Share))
	k, _ := chaos.Lookup(f.Effect.Kind())
	if len(f.Expect) > 0 {
		expect := m.putList("expect")
		for _, s := range f.Expect {
			expect.items = append(expect.items, literal(string(s)))
		}
	}
	m.put("by", string(f.By))
	m.put("connections", string(f.Conns))
	if k.Ramp {
		m.put("ramp", formatDuration(f.Ramp))
	}
	if f.Flap.On() {
		flap := m.putMapping("flap")
		flap.put("up", formatDuration(f.Flap.Up))
		flap.put("down", formatDuration(f.Flap.Down))
		flap.put("cycles", strconv.FormatInt(f.Flap.Cycles, 10))
	}
	for _, a := range k.Params {
		m.put(a.Name, written(attribute(f.Effect, a.Name), a.Type))
	}
	return m
}

// literal is a scalar whose text stands for itself: nothing in it is substituted.
func literal(text string) *node {
	return &node{kind: scalar, text: strings.ReplaceAll(text, "${", "$${")}
}

func (n *node) put(key, text string) {
	n.pairs = append(n.pairs, pair{key: key, value: literal(text)})
}

// putSource puts a text as it was written, with its variables; a source of "" has none.
func (n *node) putSource(key, text, source string) {
	if source == "" {
		n.put(key, text)
		return
	}
	n.pairs = append(n.pairs, pair{key: key, value: &node{kind: scalar, text: source}})
}

func (n *node) putMapping(key string) *node {
	m := &node{kind: mapping}
	n.pairs = append(n.pairs, pair{key: key, value: m})
	return m
}

func (n *node) putList(key string) *node {
	l := &node{kind: list}
	n.pairs = append(n.pairs, pair{key: key, value: l})
	return l
}

func (n *node) putGates(key string, gates []report.Gate) {
	l := n.putList(key)
	for _, g := range gates {
		l.items = append(l.items, literal(g.Text))
	}
}
