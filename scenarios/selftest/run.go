package selftest

import (
	"context"
	"fmt"
	"sync"

	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/scenarios"
)

// tries is how often a run is made for which the harness was unfit.
const tries = 4

// Record makes one run and returns what is reported of it. heal is nil where the fleet heals.
type Record = func(ctx context.Context, name string, s *scenarios.Scenario, heal Opener) (*report.Summary, error)

// job is one run of the selftest.
type job struct {
	name string
	s    *scenarios.Scenario
	heal Opener
	into **report.Summary
}

// Run runs every case, at most so many runs at once, each with a name of its own: that of
// the healer for the bad one, with "-good" behind it for the other.
func Run(ctx context.Context, parallel int, record Record) (*Result, error) {
	cases := Cases()
	bad, good := make([]*report.Summary, len(cases)), make([]*report.Summary, len(cases))
	var placebo *report.Summary
	s, err := OpenPlacebo()
	if err != nil {
		return nil, err
	}
	jobs := []job{{Placebo, s, nil, &placebo}}
	for i, c := range cases {
		wrong, err := c.Open(true)
		if err != nil {
			return nil, err
		}
		right, err := c.Open(false)
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, job{c.Healer, wrong, c.Instead, &bad[i]}, job{c.Healer + "-good", right, nil, &good[i]})
	}
	if err := do(ctx, jobs, parallel, record); err != nil {
		return nil, err
	}
	return judge(cases, bad, good, placebo), nil
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
