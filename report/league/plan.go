package league

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/wsheal/wsheal/report/compare"
)

// Schema is the version of a plan's and of a table's shape.
const Schema = 1

// RoundsMost is how many rounds a trial has at most.
const RoundsMost = 1000

// Plan is what a trial set out to do. It is written before the first run.
type Plan struct {
	Schema    int          `json:"schema"`
	Command   string       `json:"command"` // that repeats it
	Scenarios []string     `json:"scenarios"`
	Policies  []string     `json:"policies"`
	Told      []string     `json:"told,omitempty"` // of the policies, those whose author knew the servers' capacity
	Rounds    int          `json:"rounds"`
	Parallel  int          `json:"parallel"` // runs at once
	Gates     []Gate       `json:"gates,omitempty"`
	Rule      compare.Rule `json:"rule"` // of the gates
}

// plain is what names of scenarios and policies are made of: they name directories.
var plain = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N}._+-]*$`)

// Check says what is wrong with a plan.
func (p Plan) Check() error {
	if p.Schema != Schema {
		return fmt.Errorf("schema %d: expected %d", p.Schema, Schema)
	}
	if len(p.Scenarios) == 0 || len(p.Policies) == 0 || p.Rounds < 1 || p.Rounds > RoundsMost {
		return fmt.Errorf("%d scenarios, %d policies, %d rounds: expected some of each, and at most %d rounds", len(p.Scenarios), len(p.Policies), p.Rounds, RoundsMost)
	}
	for _, name := range slices.Concat(p.Scenarios, p.Policies) {
		if !plain.MatchString(name) {
			return fmt.Errorf("%q: expected a name of letters, digits, dots, dashes and underscores", name)
		}
	}
	for _, name := range p.Told {
		if !slices.Contains(p.Policies, name) {
			return fmt.Errorf("%s was told the capacity, and takes no part: expected one of %v", name, p.Policies)
		}
	}
	for _, g := range p.Gates {
		for _, name := range []string{g.Policy, g.Than} {
			if !slices.Contains(p.Policies, name) {
				return fmt.Errorf("gate %q: %s takes no part, expected one of %v", g, name, p.Policies)
			}
		}
		if g.Policy == g.Than {
			return fmt.Errorf("gate %q: expected two policies", g)
		}
	}
	_, err := p.Rule.Check()
	return err
}

// Gate says that one policy must be not worse than another.
type Gate struct {
	Policy string `json:"policy"`
	Than   string `json:"than"`
}

func (g Gate) String() string { return g.Policy + " not worse than " + g.Than }

var gateForm = regexp.MustCompile(`^\s*(\S+)\s+not\s+worse\s+than\s+(\S+)\s*$`)

// ParseGate reads a gate as String writes it.
func ParseGate(text string) (Gate, error) {
	m := gateForm.FindStringSubmatch(text)
	if m == nil {
		return Gate{}, errors.New(`expected two policies, as in "mine not worse than default"`)
	}
	return Gate{m[1], m[2]}, nil
}
