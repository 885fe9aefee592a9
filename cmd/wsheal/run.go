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
	repeatFlags
	scenario string // as it was named
	out      string
	json     bool
	all      bool
	showFlags
}

func runCommand(w *world) *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run SCENARIO",
		Short: "Run a scenario: a name of the library, or a file",
		Long: `Run a scenario, write its journal and report into a directory, print the result, and
exit with the verdict: 0 pass, 99 a gate failed, 75 nothing was proven (inconclusive) or
the harness was unfit (invalid), 2 when the scenario or a target keeps it from beginning.

With --repeat it runs so often, each time with the next seed, and exits with 99 when one
run failed. With --against both scenarios run in turns, a round with one seed, in random
order; the result is a comparison as wsheal compare makes it, and so is the exit code.
With --all every scenario of the library runs, but the pairs of wsheal case, and the result is a
table of verdicts; it exits with 99 when one failed, else with 75 when one proved nothing.

The result goes to stdout, progress to stderr: on a terminal a picture that is redrawn in
place, elsewhere, in CI, and on a terminal that cannot (TERM=dumb), a line for each change
(--ui). --log-format json makes each line an event for programs. NO_COLOR and CLICOLOR=0
forbid colour.

--serve shows the run in a browser while it goes on, and to Prometheus at /metrics. A port
alone, as in :8080, is served to this machine only.

Ctrl-C clears the faults, ends the children, still writes the report, and exits 130; a
second one ends everything at once.`,
		Example: `  wsheal run reset-storm
  wsheal run partition --set faults.split.for=1s
  wsheal run reset-storm --set clients.policy=naive \
      --set 'targets.blue.embedded.handshake={workers: 1, cost: 2ms, queue: 200, overflow: 503}'
  wsheal run partition --toxiproxy http://127.0.0.1:8474 --set faults.split.share=100%
  wsheal run my-scenario.yaml --out runs/today --json | jq .verdict
  wsheal run reset-storm --serve 127.0.0.1:8080 --stay
  wsheal run reset-storm --ui plain
  wsheal run reset-storm --log-format json > result.txt
  wsheal run reset-storm --repeat 10
  wsheal run --all
  wsheal run reset-storm --set clients.policy=naive --against clients.policy=default --metric storm.peak_1s`,
		Args: func(cmd *cobra.Command, args []string) error {
			if f.all {
				return nil
			}
			return oneScenario(cmd, args)
		},
		ValidArgsFunction: completeScenarios,
		RunE: func(cmd *cobra.Command, args []string) error {
			many, err := f.many(cmd)
			if err != nil {
				return usage(err)
			}
			if err := f.check(many); err != nil {
				return usage(err)
			}
			if f.all {
				if err := f.checkAll(args, many); err != nil {
					return usage(err)
				}
				f.open(w)
				return f.told(runAll(cmd.Context(), w, f))
			}
			f.open(w)
			if f.scenario = args[0]; many {
				return f.told(runSeries(cmd.Context(), w, args[0], f))
			}
			return f.told(runScenario(cmd.Context(), w, args[0], f))
		},
	}
	f.scenarioFlags.register(cmd)
	f.repeatFlags.register(cmd)
	cmd.Flags().StringVarP(&f.out, "out", "o", "", "run directory, of a series that of its runs (default runs/<time>-<scenario>)")
	cmd.Flags().BoolVar(&f.json, "json", false, "print summary.json, or the comparison, instead of the text")
	cmd.Flags().BoolVar(&f.all, "all", false, "run every scenario of the library, and print the verdicts")
	f.showFlags.register(cmd)
	return cmd
}

func oneScenario(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("%s takes one scenario, got %d; wsheal scenarios lists the built-in ones", cmd.Name(), len(args))
	}
	return nil
}

func runScenario(ctx context.Context, w *world, name string, f runFlags) error {
	s, err := f.load(w, name)
	if err != nil {
		return usage(err)
	}
	if away, err := isolated(ctx, s); away || err != nil {
		return err
	}
	limit, err := proc.RaiseDescriptorLimit()
	if err != nil {
		return internal(err)
	}
	page, err := f.serveRun(w)
	if err != nil {
		return usage(err)
	}
	defer page.leave()
	dir, err := f.claim(s.Name)
	if err != nil {
		return usage(err)
	}
	env := engineEnv(int(limit))
	env.Command = "wsheal run " + quoted(name, f)
	if f.toxiproxy != "" {
		env.Proxy = openStock(w, f.toxiproxy, s)
	}
	begun, err := recordRun(ctx, w, s, env, dir, f.showFlags, page)
	interrupted := ctx.Err() != nil
	if !begun {
		if interrupted {
			err = errors.New("interrupted before the run began")
		}
		return setupExit(errors.Join(err, dir.release()), interrupted)
	}
	// Whatever went wrong, what is recorded is reported.
	verdict := finish(w, dir.path, f.json)
	f.judged(verdict)
	page.finish(ctx, w, dir.path, f.showFlags)
	switch {
	case err != nil:
		return internal(err)
	case interrupted:
		return &exitError{exitInterrupted, verdict}
	}
	return verdict
}

// setupExit is the exit of a run that did not begin.
func setupExit(err error, interrupted bool) error {
	if interrupted {
		return &exitError{exitInterrupted, err}
	}
	if _, ok := errors.AsType[*engine.SetupError](err); ok {
		return usage(err)
	}
	return internal(err)
}

// claim takes the directory that was asked for, or a new one under runs.
func (f runFlags) claim(scenario string) (*runDir, error) {
	if f.out != "" {
		return claim(f.out)
	}
	return claimNew(filepath.Join("runs", time.Now().Format("20060102-150405")+"-"+scenario))
}

// recordRun leaves the raw record of the run in its directory; begun is false when there
// is none, because the run was kept from beginning.
func recordRun(ctx context.Context, w *world, s *scenarios.Scenario, env engine.Env, dir *runDir, show showFlags, page *servedPage) (begun bool, err error) {
	if err := os.WriteFile(filepath.Join(dir.path, scenarioFile), s.YAML(), 0o644); err != nil {
		return false, err
	}
	env.Journal, env.Latency = dir.journal, dir.latency
	if s.Foreign() {
		log, err := os.Create(filepath.Join(dir.path, clientsFile))
		if err != nil {
			return false, err
		}
		defer log.Close()
		lines := &redacted{to: log, redact: s.Redact}
		defer lines.Close()
		env.Clients = startClients(lines)
	}
	env.Track = live.NewTracker(livePlan(s))
	progress := progress{w: w, track: env.Track, showFlags: show, page: page}
	others := env.Begun
	env.Begun = func(epoch time.Time) {
		begun = true
		if others != nil {
			others(epoch)
		}
		page.record(dir.path)
		progress.show(ctx, epoch)
	}
	err = engine.Run(ctx, s, env)
	progress.stop()
	if !begun {
		return false, err
	}
	return true, errors.Join(err, dir.close())
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
	if f.toxiproxy != "" {
		parts = append(parts, "--toxiproxy "+shellQuote(f.toxiproxy))
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
