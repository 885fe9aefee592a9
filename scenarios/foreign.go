package scenarios

import "strings"

// OwnPolicy is the policy's name where clients are not the pool's: theirs is their own.
const OwnPolicy = "its own"

// Foreign says whether the clients are a program of others, which the proxy watches.
func (s *Scenario) Foreign() bool { return s.Clients.Command != nil }

// others reads clients that are not the pool's. What the pool would be told cannot be told
// to them, so it is refused and not ignored.
func (r *resolver) others(v view) {
	c := &r.s.Clients
	c.Command = readAll(v, "command", asText)
	if len(c.Command) == 0 {
		c.Command = []string{}
		if !v.wrong("command") {
			v.complain("command", "expected a program and its arguments, got nothing")
		}
	}
	for _, name := range []string{"ramp", "sharing", "policy"} {
		if v.written(name) {
			v.complain(name, "expected none where command has the clients: it is theirs to decide")
		}
	}
	c.Policy.Name, c.Ramp = OwnPolicy, 0
	if len(c.Endpoints) > 1 {
		v.complain("endpoints", "expected one where command has the clients: they are given one URL")
	}
	for _, t := range r.s.Targets {
		if r.s.Uses(t.Name) && t.secure() {
			v.complain("command", "expected a target without TLS, in which connections can be told apart, got %s", t.Name)
		}
	}
}

// Arguments is the command that has the clients, with {url} and {count} filled in.
func (c Clients) Arguments(url, count string) []string {
	fill := strings.NewReplacer("{url}", url, "{count}", count)
	out := make([]string, len(c.Command))
	for i, word := range c.Command {
		out[i] = fill.Replace(word)
	}
	return out
}
