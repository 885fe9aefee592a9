package trial

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"time"

	"github.com/wsheal/wsheal/scenarios"
)

// Arm is one of the things that are compared: a scenario, with what makes it this arm.
type Arm struct {
	Name string
	Open func(seed uint64) (*scenarios.Scenario, error)
}

// Series is arms that take turns.
type Series struct {
	Arms   []Arm
	Rounds int    // how often each arm runs, at least 1
	Seed   uint64 // of the first round; each next one has the next
}

// Job is one run of a series.
type Job struct {
	Round    int // from 1
	Arm      string
	Scenario *scenarios.Scenario
}

// Jobs are the runs of the series in their order. The error is the first of opening a
// scenario: a series with a mistake in its last round does not begin.
func (s Series) Jobs() ([]Job, error) {
	if s.Rounds < 1 || len(s.Arms) == 0 {
		return nil, fmt.Errorf("%d arms, %d rounds: expected at least one of each", len(s.Arms), s.Rounds)
	}
	var out []Job
	for round := range s.Rounds {
		seed := s.Seed + uint64(round)
		for _, at := range rand.New(rand.NewPCG(s.Seed, uint64(round))).Perm(len(s.Arms)) {
			arm := s.Arms[at]
			scenario, err := arm.Open(seed)
			if err != nil {
				return nil, err
			}
			out = append(out, Job{Round: round + 1, Arm: arm.Name, Scenario: scenario})
			if err := sameEpisode(out[0].Scenario, scenario); err != nil {
				return nil, fmt.Errorf("%s and %s cannot be compared: expected %w", out[0].Arm, arm.Name, err)
			}
		}
	}
	return out, nil
}

// sameEpisode says what must be the same in both scenarios, so that what differs between
// their runs is the policy, or the server, and not what is asked of them.
func sameEpisode(a, b *scenarios.Scenario) error {
	switch {
	case a.Clients.Count != b.Clients.Count:
		return fmt.Errorf("as many clients, got %d and %d", a.Clients.Count, b.Clients.Count)
	case a.Load != b.Load:
		return errors.New("the same load")
	case !slices.Equal(a.Phases, b.Phases) || a.Hold != b.Hold:
		return errors.New("the same phases and hold")
	case !slices.EqualFunc(a.Faults, b.Faults, func(a, b scenarios.Fault) bool {
		a.Seed, b.Seed = 0, 0
		return reflect.DeepEqual(a, b)
	}):
		return errors.New("the same faults")
	}
	return nil
}

// overhead is what a run takes besides its plan: children start, the last answers come in,
// the report is computed.
const overhead = 500 * time.Millisecond

// Length is about how long the jobs take.
func Length(jobs []Job) time.Duration {
	var sum time.Duration
	for _, j := range jobs {
		sum += j.Scenario.End() + overhead
	}
	return sum
}

// Run does the jobs one after the other. It ends early with the first error, or with that
// of ctx when it was interrupted, and says how many were done.
func Run(ctx context.Context, jobs []Job, one func(context.Context, Job) error) (done int, err error) {
	for _, j := range jobs {
		if err := ctx.Err(); err != nil {
			return done, err
		}
		if err := one(ctx, j); err != nil {
			return done, fmt.Errorf("%s, round %d: %w", j.Arm, j.Round, err)
		}
		done++
	}
	return done, nil
}
