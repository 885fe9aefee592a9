package trial

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// Question is one scenario of a trial, and the arms that answer it.
type Question struct {
	Scenario string
	Arms     []Arm
}

// Turn is one run of a trial.
type Turn struct {
	Scenario string
	Job
}

// Turns are the runs of a trial in their order. A round has every arm of every question
// once, all with one seed, in an order that is drawn anew: neither a policy nor a scenario
// always comes first, and a trial that is ended early has compared all of them as often.
func Turns(questions []Question, rounds int, seed uint64) ([]Turn, error) {
	out := make([][]Turn, rounds)
	for _, q := range questions {
		jobs, err := Series{Arms: q.Arms, Rounds: rounds, Seed: seed}.Jobs()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", q.Scenario, err)
		}
		for _, j := range jobs {
			out[j.Round-1] = append(out[j.Round-1], Turn{q.Scenario, j})
		}
	}
	var all []Turn
	for round, turns := range out {
		r := rand.New(rand.NewPCG(seed, 1<<32+uint64(round))) // other numbers than those of Jobs
		r.Shuffle(len(turns), func(i, j int) { turns[i], turns[j] = turns[j], turns[i] })
		all = append(all, turns...)
	}
	return all, nil
}

// Fit is how many rounds fit into a budget, given the runs of one and how many run at
// once: 0 where not even one does.
func Fit(budget time.Duration, round []Turn, at int) int {
	return int(budget / max(Takes(round, at), 1))
}

// Takes is about how long the turns take, at most so many at once: no less than the
// longest, and no less than a share of all.
func Takes(turns []Turn, at int) time.Duration {
	var longest, sum time.Duration
	for _, t := range turns {
		length := Length([]Job{t.Job})
		longest, sum = max(longest, length), sum+length
	}
	return max(longest, sum/time.Duration(max(at, 1)))
}

// RunAll does the turns in order, so many at once. It ends early with the first error, or
// with that of ctx when it was interrupted, waits for what has begun, and says how many
// were done.
func RunAll(ctx context.Context, turns []Turn, at int, one func(context.Context, Turn) error) (done int, err error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var mu sync.Mutex
	var all sync.WaitGroup
	next := 0
	take := func() (Turn, bool) {
		mu.Lock()
		defer mu.Unlock()
		if next == len(turns) || ctx.Err() != nil {
			return Turn{}, false
		}
		next++
		return turns[next-1], true
	}
	for range min(max(at, 1), len(turns)) {
		all.Go(func() {
			for t, ok := take(); ok; t, ok = take() {
				if err := one(ctx, t); err != nil {
					stop(fmt.Errorf("%s, %s, round %d: %w", t.Scenario, t.Arm, t.Round, err))
					return
				}
				mu.Lock()
				done++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if done == len(turns) {
		return done, nil
	}
	return done, context.Cause(ctx)
}
