package scenarios

import (
	"errors"
	"fmt"

	"github.com/wsheal/wsheal/pool/heal"
	"github.com/wsheal/wsheal/pool/policies"
)

// policy reads the clients' policy. A file that the scenario names is looked up from
// the scenario's directory, one that an argument names from the working directory.
func (r *resolver) policy(v view) {
	n := v.node.get("policy")
	if v.bad[n] {
		return
	}
	if n == nil {
		n = literal(v.field("policy").preset)
	}
	from := r.file
	if n.line < 0 {
		from = ""
	}
	p, err := policies.FromNode(from, n.syntax())
	r.s.Clients.Policy = p
	wrong, _ := errors.AsType[policies.Mistakes](err)
	for _, m := range wrong {
		if field := join(v.path, "policy"); m.File == from {
			r.addAt(m.Line, joinBelow(field, m.Field), m.Want)
		} else {
			r.list = append(r.list, Mistake{File: m.File, Line: m.Line, Field: m.Field, Want: m.Want})
		}
	}
	if err != nil && wrong == nil {
		v.complain("policy", "%s", err)
	}
}

// joinBelow is join for a name that may be empty.
func joinBelow(path, name string) string {
	if name == "" {
		return path
	}
	return join(path, name)
}

// policyNode writes a policy in full.
func policyNode(p heal.Policy) *node {
	n, err := parseTree(policies.Format(p))
	if err != nil {
		panic(fmt.Sprintf("scenarios: read policy %s as it was written: %v", p.Name, err))
	}
	return n
}
