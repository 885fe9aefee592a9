package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsheal/wsheal/chaos/proc"
	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/report/compare"
	"github.com/wsheal/wsheal/report/live"
	"github.com/wsheal/wsheal/scenarios"
	"github.com/wsheal/wsheal/scenarios/trial"
)

// A series leaves these beside its runs.
const (
	comparisonFile = "comparison.json"
	markdownFile   = "comparison.md"
)

// repeatFlags ask for many runs instead of one.
type repeatFlags struct {
	repeat  int
	against []string
	again   bool
	compareFlags
}

func (f *repeatFlags) register(cmd *cobra.Command) {
	cmd.Flags().IntVar(&f.repeat, "repeat", 0, fmt.Sprintf("run so often, each time with the next seed (with --against default %d)", compare.DefaultPairs))
	cmd.Flags().StringArrayVar(&f.against, "against", nil, "compare with the scenario changed by this, as in clients.policy=default: both run in turns; repeatable")
	completes(cmd, "against", completeSettings)
	cmd.Flags().BoolVar(&f.again, "again", false, "with --against: run the old twice in each round, which shows the noise floor")
	f.registerRule(cmd)
}

// many says whether a series is asked for, and what is wrong with how.
func (f *repeatFlags) many(cmd *cobra.Command) (bool, error) {
	switch {
	case cmd.Flags().Changed("repeat") && f.repeat < 1:
		return false, fmt.Errorf("--repeat %d: expected 1 or more", f.repeat)
	case f.again && len(f.against) == 0:
		return false, errors.New("--again: expected --against with it, whose noise floor it shows")
	case f.repeat == 0 && len(f.against) > 0:
		f.repeat = compare.DefaultPairs
	}
	if f.repeat == 0 {
		for _, name := range []string{"margin", "confidence", "metric"} {
			if cmd.Flags().Changed(name) {
				return false, fmt.Errorf("--%s: expected --repeat or --against with it", name)
			}
		}
	}
	_, err := f.rule.Check()
	return f.repeat > 0, err
}

// arms of the series: the scenario as it is asked for is the new one.
func (f *repeatFlags) arms(w *world, name string, base scenarioFlags) []trial.Arm {
	open := func(changes []string) func(uint64) (*scenarios.Scenario, error) {
		return func(seed uint64) (*scenarios.Scenario, error) {
			flags := base
			flags.set = append(append(append([]string{}, base.set...), changes...), fmt.Sprintf("seed=%d", seed))
			return flags.load(w, name)
		}
	}
	if len(f.against) == 0 {
		return []trial.Arm{{Name: armOnly, Open: open(nil)}}
	}
	arms := []trial.Arm{{Name: armNew, Open: open(nil)}, {Name: armOld, Open: open(f.against)}}
	if f.again {
		arms = append(arms, trial.Arm{Name: armAgain, Open: open(f.against)})
	}
	return arms
}

// runSeries runs a scenario many times, and says what the runs are together.
func runSeries(ctx context.Context, w *world, name string, f runFlags) error {
	first, err := f.load(w, name)
	if err != nil {
		return usage(err)
	}
	if away, err := isolated(ctx, first); away || err != nil {
		return err
	}
	limit, err := proc.RaiseDescriptorLimit()
	if err != nil {
		return internal(err)
	}
	jobs, err := trial.Series{Arms: f.arms(w, name, f.scenarioFlags), Rounds: f.repeat, Seed: first.Seed}.Jobs()
	if err != nil {
		return usage(err)
	}
	dir, err := f.seriesDir(first.Name)
	if err != nil {
		return usage(err)
	}
	tell := func(text string) {
		if !f.quiet && f.ui != "none" {
			f.say(w, live.Entry{Action: "series", Message: text})
		}
	}
	tell(fmt.Sprintf("%d runs, about %s, into %s", len(jobs), trial.Length(jobs).Round(time.Second), dir))
	done, err := trial.Run(ctx, jobs, func(ctx context.Context, j trial.Job) error {
		return recordFit(ctx, w, j, f, dir, int(limit), tell)
	})
	switch {
	case ctx.Err() != nil:
		return &exitError{exitInterrupted, fmt.Errorf("interrupted after %d of %d runs, which are in %s", done, len(jobs), dir)}
	case err != nil:
		return setupExit(err, false)
	}
	return f.conclude(w, dir)
}

// triesOfUnfit is how often a run is made for which the harness was unfit: what it measured
// is the machine's doing, whatever it is.
const triesOfUnfit = 5

// recordFit records one run of a series, again where the harness was unfit for it. What was
// recorded before stays beside it, and is in no comparison.
func recordFit(ctx context.Context, w *world, j trial.Job, f runFlags, dir string, limit int, tell func(string)) error {
	name := fmt.Sprintf("%s-%03d", j.Arm, j.Round)
	for try := 1; ; try++ {
		verdict, err := recordJob(ctx, w, j, f, filepath.Join(dir, name), limit)
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err() // what was cut off has no verdict
		}
		tell(fmt.Sprintf("%s, seed %d: %s", name, j.Scenario.Seed, verdict))
		if verdict != report.Invalid || try == triesOfUnfit {
			return nil
		}
		if err := os.Rename(filepath.Join(dir, name), filepath.Join(dir, fmt.Sprintf("%s%d-%s", armUnfit, try, name))); err != nil {
			return err
		}
	}
}

// recordJob records one run of a series, and writes its report.
func recordJob(ctx context.Context, w *world, j trial.Job, f runFlags, path string, limit int) (report.Verdict, error) {
	dir, err := claim(path)
	if err != nil {
		return "", err
	}
	env := engineEnv(limit)
	once := f
	once.set = append(append([]string{}, f.set...), fmt.Sprintf("seed=%d", j.Scenario.Seed))
	if j.Arm == armOld || j.Arm == armAgain {
		once.set = append(once.set, f.against...)
	}
	env.Command = "wsheal run " + quoted(f.scenario, once)
	if f.toxiproxy != "" {
		env.Proxy = openStock(w, f.toxiproxy, j.Scenario)
	}
	begun, err := recordRun(ctx, w, j.Scenario, env, dir, showFlags{quiet: true}, nil)
	if !begun {
		return "", errors.Join(err, dir.release())
	}
	source, more := openRun(path)
	if more != nil {
		return "", errors.Join(err, more)
	}
	return source.Summary.Verdict, errors.Join(err, recreate(path, source))
}

// seriesDir makes the directory of a series its own.
func (f runFlags) seriesDir(scenario string) (string, error) {
	d, err := f.claim(scenario)
	if err != nil {
		return "", err
	}
	// What makes it one run's is not wanted.
	return d.path, errors.Join(d.release(), os.MkdirAll(d.path, 0o755))
}

// conclude says what the runs of a series are together, and returns the verdict.
func (f runFlags) conclude(w *world, dir string) error {
	if len(f.against) == 0 {
		runs, err := readRuns(dir)
		if err != nil {
			return internal(err)
		}
		r, err := compare.Repeat(runs, f.rule)
		if err != nil {
			return internal(err)
		}
		render := func(out io.Writer) error {
			return quietly(w, out, func(out io.Writer) error { return r.WriteText(out, textStyle(w)) })
		}
		if f.json {
			render = r.WriteJSON
		}
		if err := unread(render(w.stdout)); err != nil {
			return internal(err)
		}
		return verdictExit(r.Verdict)
	}
	c, err := compareSides(seriesSides(dir), f.rule)
	if err != nil {
		return internal(err)
	}
	for name, render := range map[string]func(io.Writer, *compare.Comparison) error{comparisonFile: compare.WriteJSON, markdownFile: compare.WriteMarkdown} {
		if err := writeWhole(filepath.Join(dir, name), func(out io.Writer) error { return render(out, c) }); err != nil {
			return internal(err)
		}
	}
	shown := f.compareFlags
	shown.json = f.json
	return shown.show(w, c)
}
