package engine

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/wsheal/wsheal/pool/driver"
	"github.com/wsheal/wsheal/pool/heal"
	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/scenarios"
)

// FleetPolicy is the policy of a scenario as its clients have it: with what the fleet fills
// in of where they may dial and whether they share.
func FleetPolicy(s *scenarios.Scenario) heal.Policy {
	p := s.Clients.Policy
	if p.Shared = s.Clients.Sharing == scenarios.Shared; p.Shared {
		return p // they go where they are sent
	}
	for _, e := range s.Clients.Endpoints {
		p.Endpoints = append(p.Endpoints, heal.Endpoint{Priority: e.Priority, Weight: e.Weight})
	}
	return p
}

// Replay feeds the events of a journal through heal.Step again and returns how many
// decisions it compared; policy is the run's FleetPolicy. The error names the first one
// that came out differently: the driver then did something that the policy does not know
// of, or the policy is another.
func Replay(journal *report.Reader, policy heal.Policy, seed uint64) (int, error) {
	states := map[int]*heal.State{}
	n := 0
	for journal.Scan() {
		rec := journal.Record()
		if rec.Step == nil {
			continue
		}
		was := *rec.Step
		s := states[was.Client]
		if s == nil {
			s = new(heal.State)
			states[was.Client] = s
		}
		ev, err := stepEvent(was)
		if err != nil {
			return n, err
		}
		from := s.Phase
		actions := heal.Step(heal.Instant(rec.T), ev, s, &policy, heal.Rand{Seed: seed, Client: uint64(was.Client)})
		is := StepRecord(driver.Event{Client: was.Client, Step: ev, From: from, State: *s, Actions: actions})
		is.Late, is.Connected, is.Secured = was.Late, was.Connected, was.Secured // of which heal knows nothing
		if !slices.Equal(is.Actions, was.Actions) || !same(is, was) {
			return n, fmt.Errorf("decision %d, client %d at %d ns: the journal has %+v, Step gives %+v", n+1, was.Client, rec.T, was, is)
		}
		n++
	}
	return n, journal.Err()
}

// same compares two steps but for what they order.
func same(a, b report.Step) bool {
	a.Actions, b.Actions = nil, nil
	return reflect.DeepEqual(a, b)
}
