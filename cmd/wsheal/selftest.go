package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsheal/wsheal/chaos/proc"
	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/scenarios"
	"github.com/wsheal/wsheal/scenarios/selftest"
	"github.com/wsheal/wsheal/scenarios/trial"
)

type selftestFlags struct {
	healers  []string // none: all
	parallel int
	out      string
	json     bool
	quiet    bool
}

func selftestCommand(w *world) *cobra.Command {
	var f selftestFlags
	var list bool
	cmd := &cobra.Command{
		Use:   "selftest [HEALER…]",
		Short: "Test the gates: healers that are bad on purpose must be caught",
		Long: `Run healers that are bad on purpose through the ordinary engine and gates, each beside
the same healer without its bad habit: all of them, or those that are named. A bad one is
caught when the gate that is meant for it breaks. A placebo, a fault that harms nobody,
shows what each metric reads of nothing.

Exits with 0 when every bad healer was caught and no good one; with 99 when one was missed,
or a good one caught; with 75 when runs proved nothing, for the harness was unfit.`,
		Example: `  wsheal selftest
  wsheal selftest --list
  wsheal selftest resend leak
  wsheal selftest --json --out runs/selftest`,
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			return slices.DeleteFunc(badHealers(), func(name string) bool { return slices.Contains(args, name) }), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.healers = args; list {
				return listHealers(w, f)
			}
			return runSelftest(cmd.Context(), w, f)
		},
	}
	cmd.Flags().BoolVar(&list, "list", false, "list the bad healers and the gates meant for them, and run nothing")
	cmd.Flags().IntVar(&f.parallel, "parallel", 3, "how many runs go on at once")
	cmd.Flags().StringVarP(&f.out, "out", "o", "", "directory of the runs (default runs/<time>-selftest)")
	cmd.Flags().BoolVar(&f.json, "json", false, "print JSON instead of the text")
	cmd.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "no progress on stderr")
	return cmd
}

func badHealers() (names []string) {
	for _, c := range selftest.Cases() {
		names = append(names, c.Healer)
	}
	return names
}

func listHealers(w *world, f selftestFlags) error {
	cases, err := selftest.Find(f.healers)
	if err != nil {
		return usage(err)
	}
	if f.json {
		return internal(selftest.WriteCasesJSON(w.stdout, cases))
	}
	return internal(selftest.WriteCases(w.stdout, cases))
}

func runSelftest(ctx context.Context, w *world, f selftestFlags) error {
	if f.parallel < 1 {
		return usage(fmt.Errorf("--parallel %d: expected 1 or more", f.parallel))
	}
	cases, err := selftest.Find(f.healers)
	if err != nil {
		return usage(err)
	}
	plan, err := selftest.NewPlan(cases)
	if err != nil {
		return internal(err)
	}
	limit, err := proc.RaiseDescriptorLimit()
	if err != nil {
		return internal(err)
	}
	dir, err := runFlags{out: f.out}.seriesDir("selftest")
	if err != nil {
		return usage(err)
	}
	var turns []trial.Turn
	for _, s := range plan.Scenarios() {
		turns = append(turns, trial.Turn{Scenario: s.Name, Job: trial.Job{Scenario: s}})
	}
	var mu sync.Mutex
	made := 0
	tell := func(format string, args ...any) {
		if !f.quiet {
			fmt.Fprintf(w.stderr, format+"\n", args...)
		}
	}
	tell("%s of %s and a placebo, %d at once; about %s, into %s", many(len(turns), "run"), many(len(cases), "bad healer"),
		min(f.parallel, len(turns)), trial.Takes(turns, f.parallel).Round(time.Second), dir)
	began := time.Now()
	r, err := plan.Run(ctx, f.parallel, func(ctx context.Context, name string, s *scenarios.Scenario, heal selftest.Opener) (*report.Summary, error) {
		sum, err := recordHealer(ctx, w, filepath.Join(dir, name), s, heal, int(limit))
		if err == nil && ctx.Err() == nil {
			mu.Lock()
			defer mu.Unlock()
			if sum.Verdict != report.Invalid {
				made++
			}
			tell("%d of %d: %s: %s", made, len(turns), name, sum.Verdict)
		}
		return sum, err
	})
	switch {
	case ctx.Err() != nil:
		return &exitError{exitInterrupted, fmt.Errorf("interrupted after %d of %d runs, which are in %s", made, len(turns), dir)}
	case err != nil:
		return setupExit(err, false)
	}
	write := r.WriteText
	if f.json {
		write = r.WriteJSON
	}
	if err := unread(write(w.stdout)); err != nil {
		return internal(err)
	}
	tell("runs in %s, %s", dir, time.Since(began).Round(time.Second))
	return verdictExit(r.Verdict)
}

// recordHealer records one run, with another healer in the fleet's place where heal is not
// nil, and writes its report.
func recordHealer(ctx context.Context, w *world, path string, s *scenarios.Scenario, heal selftest.Opener, limit int) (*report.Summary, error) {
	env := engineEnv(limit)
	env.Command, env.Healer = "wsheal selftest", heal
	if s.Name != selftest.Placebo {
		env.Command += " " + s.Name
	}
	return recordAs(ctx, w, s, path, env)
}
