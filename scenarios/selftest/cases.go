package selftest

import (
	"embed"
	"fmt"
	"slices"
	"strings"

	"github.com/wsheal/wsheal/pool/driver"
	"github.com/wsheal/wsheal/scenarios"
	"github.com/wsheal/wsheal/scenarios/engine"
)

//go:embed cases/*.yaml
var files embed.FS

// Case is one bad habit, and the gate that is meant for it.
type Case struct {
	Healer  string   `json:"healer"` // also the scenario's name
	Wrong   string   `json:"wrong"`  // what it does
	Gate    string   `json:"gate"`   // as written in the scenario
	Set     []string `json:"-"`      // makes the scenario's policy bad; nil: the policy is not what is wrong
	Instead Opener   `json:"-"`      // heals in the fleet's place; nil: the fleet does
}

// Opener opens who keeps the clients connected.
type Opener = func(driver.Options) (engine.Healer, error)

// Placebo is the name of the run in which nothing is wrong and nobody is harmed.
const Placebo = "placebo"

// Cases are the bad healers.
func Cases() []Case {
	return []Case{
		{Healer: "reset-on-open", Wrong: "forgets its failures as soon as a connection opens", Gate: "storm.amp < 9", Set: []string{"clients.policy.reset_on=open"}},
		{Healer: "no-jitter", Wrong: "all who were lost together come back together", Gate: "storm.peak_100ms < 40%", Set: []string{"clients.policy.backoff.jitter=none"}},
		{Healer: "gives-up", Wrong: "gives up after three failed attempts", Gate: "recovery.unhealed == 0", Set: []string{"clients.policy.backoff.tries=3"}},
		{Healer: "two-loops", Wrong: "has two dial loops, and so two connections per client", Gate: "connections.per_client <= 1", Instead: openTwoLoops},
		{Healer: "leak", Wrong: "leaves the old connection open when it reconnects", Gate: "connections.left_over == 0", Instead: openLeak},
		{Healer: "busy-ping", Wrong: "ends connections whose pong waits behind a long transfer", Gate: "recovery.lost == 0", Instead: openBusyPing},
		{Healer: "resend", Wrong: "sends again what may have arrived, under at-most-once", Gate: "messages.dup == 0", Instead: openResend},
	}
}

// Find are the cases of some bad healers, in the order of Cases; of no names, all of them.
func Find(healers []string) ([]Case, error) {
	var out []Case
	var known []string
	for _, c := range Cases() {
		known = append(known, c.Healer)
		if len(healers) == 0 || slices.Contains(healers, c.Healer) {
			out = append(out, c)
		}
	}
	for _, name := range healers {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("there is no bad healer %q; expected some of: %s", name, strings.Join(known, ", "))
		}
	}
	return out, nil
}

// Open reads the case's scenario, with the bad policy or without.
func (c Case) Open(bad bool) (*scenarios.Scenario, error) {
	if bad {
		return open(c.Healer, c.Set)
	}
	return open(c.Healer, nil)
}

// OpenPlacebo reads the scenario in which nobody is harmed.
func OpenPlacebo() (*scenarios.Scenario, error) { return open(Placebo, nil) }

func open(name string, set []string) (*scenarios.Scenario, error) {
	file := "cases/" + name + ".yaml"
	data, err := files.ReadFile(file)
	if err != nil {
		return nil, err
	}
	s, err := scenarios.Parse(name+".yaml", data, scenarios.Options{Set: set})
	if err != nil {
		return nil, fmt.Errorf("selftest %s: %w", name, err)
	}
	return s, nil
}
