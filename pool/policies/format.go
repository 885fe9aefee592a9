package policies

import (
	"fmt"
	"strings"
)

// Format writes a valid policy as YAML, in full. Parse reads the same policy back; what
// only a driver fills in (Endpoints, Shared, Refreshable) is not part of the text.
func Format(p Policy) []byte {
	top := &branch{}
	for _, f := range fields {
		if text := f.get(&p); text != "" {
			top.put(strings.Split(f.path, "."), text)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "name: %s\n", p.Client.Name)
	for _, x := range top.below {
		if x.name == "shared" { // after all that is of one client
			continue
		}
		fmt.Fprintf(&b, "%s: %s\n", x.name, x.flow())
	}
	if len(p.Client.Rules) > 0 {
		b.WriteString("rules:\n")
		for _, r := range p.Client.Rules {
			fmt.Fprintf(&b, "  - %s\n", formatRule(r))
		}
	}
	for _, x := range top.below {
		if x.name != "shared" {
			continue
		}
		b.WriteString("shared:\n")
		for _, group := range x.below {
			fmt.Fprintf(&b, "  %s: %s\n", group.name, group.flow())
		}
	}
	return []byte(b.String())
}

// branch is a key on its way to YAML, with a value or with keys below.
type branch struct {
	name, text string
	below      []*branch
}

func (b *branch) put(path []string, text string) {
	if len(path) == 0 {
		b.text = text
		return
	}
	if n := len(b.below); n == 0 || b.below[n-1].name != path[0] {
		b.below = append(b.below, &branch{name: path[0]})
	}
	b.below[len(b.below)-1].put(path[1:], text)
}

// flow is what stands behind the key, on one line.
func (b *branch) flow() string {
	if len(b.below) == 0 {
		return b.text
	}
	parts := make([]string, len(b.below))
	for i, x := range b.below {
		parts[i] = x.name + ": " + x.flow()
	}
	return "{" + strings.Join(parts, ", ") + "}"
}
