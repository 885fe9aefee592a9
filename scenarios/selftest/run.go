package selftest

import (
	"context"
	"fmt"
	"sync"

	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/scenarios"
)

// tries is how often a run is made for which the harness was unfit.
const tries = 6

// Record makes one run and returns what is reported of it. heal is nil where the fleet heals.
type Record = func(ctx context.Context, name string, s *scenarios.Scenario, heal Opener) (*report.Summary, error)

// job is one run of the selftest.
type job struct {
	name string
	s    *scenarios.Scenario
	heal Opener
	into **report.Summary
}

// Plan is the runs of a selftest: each case badly and well healed, and the placebo. A run has
// a name of its own: that of the healer for the bad one, with "-good" behind it for the other.
type Plan struct {
	cases     []Case
	jobs      []job
	bad, good []*report.Summary
	placebo   *report.Summary
}

// NewPlan plans the runs of some cases.
func NewPlan(cases []Case) (*Plan, error) {
	p := &Plan{cases: cases, bad: make([]*report.Summary, len(cases)), good: make([]*report.Summary, len(cases))}
	s, err := OpenPlacebo()
	if err != nil {
		return nil, err
	}
	p.jobs = []job{{Placebo, s, nil, &p.placebo}}
	for i, c := range cases {
		wrong, err := c.Open(true)
		if err != nil {
			return nil, err
		}
		right, err := c.Open(false)
		if err != nil {
			return nil, err
		}
		p.jobs = append(p.jobs, job{c.Healer, wrong, c.Instead, &p.bad[i]}, job{c.Healer + "-good", right, nil, &p.good[i]})
	}
	return p, nil
}

// Scenarios are what is run, a run each.
func (p *Plan) Scenarios() []*scenarios.Scenario {
	out := make([]*scenarios.Scenario, len(p.jobs))
	for i, j := range p.jobs {
		out[i] = j.s
	}
	return out
}

// Run makes the runs, at most so many at once, and judges them.
func (p *Plan) Run(ctx context.Context, parallel int, record Record) (*Result, error) {
	if err := do(ctx, p.jobs, parallel, record); err != nil {
		return nil, err
	}
	return judge(p.cases, p.bad, p.good, p.placebo), nil
}

// do makes the runs; the first error ends those that go on.
func do(ctx context.Context, jobs []job, parallel int, record Record) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queue := make(chan job)
	var wg sync.WaitGroup
	for range max(1, parallel) {
		wg.Go(func() {
			for j := range queue {
				if err := j.run(ctx, record); err != nil {
					cancel(fmt.Errorf("%s: %w", j.name, err))
				}
			}
		})
	}
	for _, j := range jobs {
		select {
		case queue <- j:
		case <-ctx.Done():
		}
	}
	close(queue)
	wg.Wait()
	return context.Cause(ctx)
}

// run makes a run, again where the harness was unfit for it.
func (j job) run(ctx context.Context, record Record) (err error) {
	for try := 1; try <= tries && ctx.Err() == nil; try++ {
		name := j.name
		if try > 1 {
			name = fmt.Sprintf("%s-%d", name, try)
		}
		if *j.into, err = record(ctx, name, j.s, j.heal); err != nil {
			return err
		}
		if (*j.into).Verdict != report.Invalid {
			return nil
		}
	}
	return ctx.Err()
}
