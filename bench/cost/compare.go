package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"

	"github.com/wsheal/wsheal/bench/cost/server"
	"github.com/wsheal/wsheal/bench/cost/workload"
)

// compare is the command itself.
func compare(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	s, err := parse(args, stderr)
	if err != nil {
		return err
	}
	for _, dir := range []string{s.out, s.profile} {
		if dir == "" {
			continue
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	todo := plans(&s)
	unfit, err := testAll(ctx, todo, stderr)
	if err != nil {
		return err
	}
	outcomes, err := measureAll(ctx, &s, todo, unfit, stderr)
	if err != nil {
		return err
	}
	var table, bench bytes.Buffer
	writeTable(&table, outcomes)
	writeBench(&bench, outcomes)
	if _, err := fmt.Fprintf(stdout, "%s\n%s", table.Bytes(), bench.Bytes()); err != nil {
		return err
	}
	if s.out != "" {
		if err := os.WriteFile(filepath.Join(s.out, "cost.txt"), table.Bytes(), 0o644); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(s.out, "bench.txt"), bench.Bytes(), 0o644); err != nil {
			return err
		}
	}
	for _, o := range outcomes {
		for _, c := range o.contests {
			if c.err != nil {
				return fmt.Errorf("%s of %s was not measured", o.workload, c.name)
			}
		}
	}
	return nil
}

// testAll has every client of the plans pass the conformance test. A baseline that does
// not is the end.
func testAll(ctx context.Context, todo []plan, stderr io.Writer) (unfit map[string]error, err error) {
	var names []string
	for _, p := range todo {
		names = append(append(names, p.baseline), p.rivals...)
	}
	slices.Sort(names)
	unfit = make(map[string]error)
	for _, name := range slices.Compact(names) {
		err := testClient(ctx, name)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			unfit[name] = fmt.Errorf("it does not pass the conformance test: %w", err)
			fmt.Fprintf(stderr, "%s is not timed: %v\n", name, err)
			continue
		}
		fmt.Fprintf(stderr, "%s conforms\n", name)
	}
	for _, p := range todo {
		if err := unfit[p.baseline]; err != nil {
			return nil, fmt.Errorf("%s: %w", p.baseline, err)
		}
	}
	return unfit, nil
}

// measureAll carries out the plans, one server for all.
func measureAll(ctx context.Context, s *settings, todo []plan, unfit map[string]error, stderr io.Writer) ([]outcome, error) {
	hello, stop, err := startServer(ctx)
	if err != nil {
		return nil, err
	}
	defer stop()
	fmt.Fprintf(stderr, "seed %d\n", s.seed)
	r := &runner{
		pairs: s.pairs, repeats: s.repeats, progress: stderr,
		rand: rand.New(rand.NewPCG(s.seed, 0)),
		measure: func(ctx context.Context, p plan, name string) (workload.Result, error) {
			return do(ctx, s.job(p, name, hello))
		},
	}
	var outcomes []outcome
	for _, p := range todo {
		fit := p
		fit.rivals = slices.DeleteFunc(slices.Clone(p.rivals), func(name string) bool { return unfit[name] != nil })
		o, err := r.run(ctx, fit)
		if err != nil {
			return nil, err
		}
		for _, name := range p.rivals {
			if unfit[name] != nil {
				o.contests = append(o.contests, contest{name: name, err: unfit[name]})
			}
		}
		outcomes = append(outcomes, o)
	}
	return outcomes, nil
}

// job is what a child has to do.
func (s *settings) job(p plan, name string, hello server.Hello) workload.Job {
	j := workload.Job{
		Workload: p.workload, Client: name, Conns: s.connsOf(p.workload), InFlight: s.inFlightOf(p.workload),
		Window: s.window, Server: hello,
	}
	if s.profile != "" {
		j.Profile = filepath.Join(s.profile, p.workload+"-"+name)
	}
	return j
}
