package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsheal/wsheal/chaos/proc"
	"github.com/wsheal/wsheal/report/live"
	"github.com/wsheal/wsheal/scenarios"
	"github.com/wsheal/wsheal/scenarios/engine"
)

type runFlags struct {
	scenarioFlags
	out   string
	json  bool
	quiet bool
}

func runCommand(w *world) *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run SCENARIO",
		Short: "Run a scenario: a name of the library, or a file",
		Long: `Run a scenario, write its journal and report into a directory, print the result, and
exit with the verdict: 0 pass, 99 a gate failed, 75 nothing was proven (inconclusive) or
the harness was unfit (invalid), 2 when the scenario or a target keeps it from beginning.

The result goes to stdout, progress to stderr. Ctrl-C clears the faults, ends the
children, still writes the report, and exits 130.`,
		Example: `  wsheal run reset-storm
  wsheal run partition --set faults.split.for=1s
  wsheal run reset-storm --set clients.policy=naive \
      --set 'targets.blue.embedded.handshake={workers: 1, cost: 2ms, queue: 200, overflow: 503}'
  wsheal run my-scenario.yaml --out runs/today --json | jq .verdict`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeScenarios,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runScenario(cmd.Context(), w, args[0], f)
		},
	}
	f.register(cmd)
	cmd.Flags().StringVarP(&f.out, "out", "o", "", "run directory (default runs/<time>-<scenario>)")
	cmd.Flags().BoolVar(&f.json, "json", false, "print summary.json instead of the text")
	cmd.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "no progress on stderr")
	return cmd
}

func runScenario(ctx context.Context, w *world, name string, f runFlags) error {
	s, err := f.load(w, name)
	if err != nil {
		return usage(err)
	}
	dir := f.out
	if dir == "" {
		dir = filepath.Join("runs", time.Now().Format("20060102-150405")+"-"+s.Name)
	}
	if err := createRunDir(dir); err != nil {
		return usage(err)
	}
	limit, err := proc.RaiseDescriptorLimit()
	if err != nil {
		return &exitError{exitInternal, err}
	}
	env := engineEnv(int(limit))
	env.Command = "wsheal run " + quoted(name, f)
	if err := recordRun(ctx, w, s, env, dir, f.quiet); err != nil {
		if setup, ok := errors.AsType[*engine.SetupError](err); ok {
			return usage(setup)
		}
		return &exitError{exitInternal, err}
	}
	err = finish(w, dir, f.json)
	if ctx.Err() != nil {
		return &exitError{exitInterrupted, nil}
	}
	return err
}

// recordRun leaves the raw record of the run in dir.
func recordRun(ctx context.Context, w *world, s *scenarios.Scenario, env engine.Env, dir string, quiet bool) error {
	if err := os.WriteFile(filepath.Join(dir, scenarioFile), s.YAML(), 0o644); err != nil {
		return err
	}
	journal, err := os.Create(filepath.Join(dir, journalFile))
	if err != nil {
		return err
	}
	latency, err := os.Create(filepath.Join(dir, latencyFile))
	if err != nil {
		return errors.Join(err, journal.Close())
	}
	env.Journal, env.Latency = journal, latency
	env.Track = live.NewTracker(livePlan(s))
	progress := progress{w: w, track: env.Track, quiet: quiet}
	env.Begun = progress.show
	err = engine.Run(ctx, s, env)
	progress.stop()
	return errors.Join(err, journal.Close(), latency.Close())
}

// quoted is the command line that repeats a run, without its output directory.
func quoted(name string, f runFlags) string {
	parts := []string{shellQuote(name)}
	for _, s := range f.set {
		parts = append(parts, "--set "+shellQuote(s))
	}
	if f.allowRemote {
		parts = append(parts, "--allow-remote")
	}
	return strings.Join(parts, " ")
}

func shellQuote(s string) string {
	plain := strings.IndexFunc(s, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:%@,+", r)
	}) < 0
	if plain && s != "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

func hostLabel() string {
	return fmt.Sprintf("%s/%s, %d CPUs, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
}
