package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"

	"github.com/wsheal/wsheal/bench/cost/workload"
)

// loadLimit is the share of the machine's CPU time beyond which others were in the way.
const loadLimit = 0.15

// pair is two measurements, one right after the other.
type pair struct {
	rival, base workload.Result
}

// load is the worst of what others did during the pair.
func (p *pair) load() float64 {
	return max(p.rival.Foreign, p.rival.Steal, p.base.Foreign, p.base.Steal)
}

func (p *pair) loaded() bool { return p.load() > loadLimit }

func (p *pair) ratio() float64 { return p.rival.Main() / p.base.Main() }

// contest is one client against the baseline.
type contest struct {
	name  string
	pairs []pair
	err   error // why it was not measured, or not to the end
}

// ratios are those of all pairs.
func (c *contest) ratios() []float64 {
	xs := make([]float64, len(c.pairs))
	for i := range c.pairs {
		xs[i] = c.pairs[i].ratio()
	}
	return xs
}

// loaded is how many pairs were measured under foreign load.
func (c *contest) loaded() (n int) {
	for i := range c.pairs {
		if c.pairs[i].loaded() {
			n++
		}
	}
	return n
}

// outcome is a plan with what came of it.
type outcome struct {
	plan
	contests []contest
}

// runner carries out plans.
type runner struct {
	pairs, repeats int
	rand           *rand.Rand
	progress       io.Writer
	measure        func(ctx context.Context, p plan, client string) (workload.Result, error)
}

// run measures a plan: rounds of pairs, the clients in random order in each. A client
// that fails is out; the error is ctx's alone.
func (r *runner) run(ctx context.Context, p plan) (outcome, error) {
	o := outcome{plan: p}
	for _, name := range p.rivals {
		o.contests = append(o.contests, contest{name: name})
	}
	for round := range r.pairs {
		for _, i := range r.rand.Perm(len(o.contests)) {
			c := &o.contests[i]
			if c.err != nil {
				continue
			}
			found, err := r.quietest(ctx, p, c.name)
			if ctx.Err() != nil {
				return o, ctx.Err()
			}
			if err != nil {
				c.err = err
				fmt.Fprintf(r.progress, "%s: %s is out: %v\n", p.workload, c.name, err)
				continue
			}
			c.pairs = append(c.pairs, found)
			fmt.Fprintf(r.progress, "%s %d/%d: %s %.4g, %s %.4g %s: %.3f%s\n", p.workload, round+1, r.pairs,
				c.name, found.rival.Main(), p.baseline, found.base.Main(), p.unit, found.ratio(), remark(&found))
		}
	}
	return o, nil
}

func remark(p *pair) string {
	if !p.loaded() {
		return ""
	}
	return fmt.Sprintf(" (others took %.0f %% of the machine)", 100*p.load())
}

// quietest measures a pair until it was not in anybody's way, repeats times more at most,
// and returns the one that was the least.
func (r *runner) quietest(ctx context.Context, p plan, name string) (best pair, err error) {
	found := false
	for range r.repeats + 1 {
		next, failure := r.once(ctx, p, name)
		switch {
		case ctx.Err() != nil:
			return best, ctx.Err()
		case failure != nil:
			err = failure
			continue
		case !found || next.load() < best.load():
			best, found = next, true
		}
		if !best.loaded() {
			break
		}
	}
	if found {
		return best, nil
	}
	return best, err
}

// once measures a pair, in random order.
func (r *runner) once(ctx context.Context, p plan, name string) (x pair, err error) {
	order := []struct {
		client string
		into   *workload.Result
	}{{name, &x.rival}, {p.baseline, &x.base}}
	if r.rand.IntN(2) == 1 {
		slices.Reverse(order)
	}
	for _, one := range order {
		if *one.into, err = r.measure(ctx, p, one.client); err != nil {
			return x, err
		}
	}
	return x, nil
}
