package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsheal/wsheal/chaos/proc"
	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/scenarios"
	"github.com/wsheal/wsheal/scenarios/selftest"
)

type selftestFlags struct {
	parallel int
	out      string
	json     bool
	quiet    bool
}

func selftestCommand(w *world) *cobra.Command {
	var f selftestFlags
	cmd := &cobra.Command{
		Use:   "selftest",
		Short: "Test the gates: healers that are bad on purpose must be caught",
		Long: `Run healers that are bad on purpose through the ordinary engine and gates, each beside
the same healer without its bad habit. A bad one is caught when the gate that is meant for
it breaks. A placebo, a fault that harms nobody, shows what each metric reads of nothing.

Exits with 0 when every bad healer was caught and no good one; with 99 when one was missed,
or a good one caught; with 75 when runs proved nothing, for the harness was unfit.`,
		Example: `  wsheal selftest
  wsheal selftest --json --out runs/selftest`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runSelftest(cmd.Context(), w, f) },
	}
	cmd.Flags().IntVar(&f.parallel, "parallel", 3, "how many runs go on at once")
	cmd.Flags().StringVarP(&f.out, "out", "o", "", "directory of the runs (default runs/<time>-selftest)")
	cmd.Flags().BoolVar(&f.json, "json", false, "print JSON instead of the text")
	cmd.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "no progress on stderr")
	return cmd
}

func runSelftest(ctx context.Context, w *world, f selftestFlags) error {
	if f.parallel < 1 {
		return usage(fmt.Errorf("--parallel %d: expected 1 or more", f.parallel))
	}
	limit, err := proc.RaiseDescriptorLimit()
	if err != nil {
		return internal(err)
	}
	d, err := runFlags{out: f.out}.claim("selftest")
	if err != nil {
		return usage(err)
	}
	if err := errors.Join(d.release(), os.MkdirAll(d.path, 0o755)); err != nil {
		return internal(err)
	}
	began := time.Now()
	r, err := selftest.Run(ctx, f.parallel, func(ctx context.Context, name string, s *scenarios.Scenario, heal selftest.Opener) (*report.Summary, error) {
		sum, err := recordHealer(ctx, w, filepath.Join(d.path, name), s, heal, int(limit))
		if err == nil && !f.quiet {
			fmt.Fprintf(w.stderr, "%s: %s\n", name, sum.Verdict)
		}
		return sum, err
	})
	switch {
	case ctx.Err() != nil:
		return &exitError{exitInterrupted, fmt.Errorf("interrupted; the runs so far are in %s", d.path)}
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
	if !f.quiet {
		fmt.Fprintf(w.stderr, "runs in %s, %s\n", d.path, time.Since(began).Round(time.Second))
	}
	return verdictExit(r.Verdict)
}

// recordHealer records one run, with another healer in the fleet's place where heal is not
// nil, and writes its report.
func recordHealer(ctx context.Context, w *world, path string, s *scenarios.Scenario, heal selftest.Opener, limit int) (*report.Summary, error) {
	dir, err := claim(path)
	if err != nil {
		return nil, err
	}
	env := engineEnv(limit)
	env.Command, env.Healer = "wsheal selftest", heal
	begun, err := recordRun(ctx, w, s, env, dir, showFlags{quiet: true}, nil)
	if !begun {
		return nil, errors.Join(err, dir.release())
	}
	source, more := openRun(path)
	if more != nil {
		return nil, errors.Join(err, more)
	}
	return source.Summary, errors.Join(err, recreate(path, source))
}
