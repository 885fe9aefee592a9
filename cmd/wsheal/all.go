package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/wsheal/wsheal/chaos/proc"
	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/report/live"
	"github.com/wsheal/wsheal/scenarios"
	"github.com/wsheal/wsheal/scenarios/trial"
)

// verdictRow is a scenario of the library, run and judged.
type verdictRow struct {
	Scenario string         `json:"scenario"`
	Verdict  report.Verdict `json:"verdict"`
	Reasons  []string       `json:"reasons"`
	Seconds  float64        `json:"seconds"` // that the run took by its own clock
	Dir      string         `json:"dir"`
}

// checkAll says what cannot be had of many scenarios at once.
func (f *runFlags) checkAll(args []string, many bool) error {
	switch {
	case len(args) > 0:
		return fmt.Errorf("--all runs every scenario of the library; expected none besides, got %s", strings.Join(args, ", "))
	case many:
		return errors.New("--all: expected no --repeat or --against with it")
	case f.serve != "":
		return errors.New("--all: expected no --serve with it, which shows one run")
	}
	return nil
}

// runAll runs the library one after the other, and prints the table of verdicts. The pairs of
// case studies are left to wsheal case, which says what they are together.
func runAll(ctx context.Context, w *world, f runFlags) error {
	var jobs []trial.Job
	for _, name := range scenarios.Names() {
		if trial.InCase(name) {
			continue
		}
		s, err := f.load(w, name)
		if err != nil {
			return usage(err)
		}
		jobs = append(jobs, trial.Job{Round: 1, Arm: name, Scenario: s})
	}
	limit, err := proc.RaiseDescriptorLimit()
	if err != nil {
		return internal(err)
	}
	dir, err := f.seriesDir("all")
	if err != nil {
		return usage(err)
	}
	tell := f.teller(w)
	tell(fmt.Sprintf("%d scenarios, about %s, into %s", len(jobs), trial.Length(jobs).Round(time.Second), dir))
	var rows []verdictRow
	done, err := trial.Run(ctx, jobs, func(ctx context.Context, j trial.Job) error {
		once := f
		once.scenario = j.Arm
		if err := recordFit(ctx, w, j, once, dir, int(limit), tell); err != nil {
			return err
		}
		row, err := judged(j.Arm, filepath.Join(dir, fmt.Sprintf("%s-%03d", j.Arm, j.Round)))
		rows = append(rows, row)
		return err
	})
	switch {
	case ctx.Err() != nil:
		return &exitError{exitInterrupted, errors.Join(printVerdicts(w.stdout, rows, f.json), fmt.Errorf("interrupted after %d of %d runs, which are in %s", done, len(jobs), dir))}
	case err != nil:
		return setupExit(err, false)
	}
	if err := unread(printVerdicts(w.stdout, rows, f.json)); err != nil {
		return internal(err)
	}
	return verdictExit(worst(rows))
}

// teller tells what a series is at, unless nobody wants to know.
func (f *runFlags) teller(w *world) func(string) {
	return func(text string) {
		if !f.quiet && f.ui != "none" {
			f.say(w, live.Entry{Action: "series", Message: text})
		}
	}
}

func judged(name, dir string) (verdictRow, error) {
	s, err := summarise(dir)
	if err != nil {
		return verdictRow{}, err
	}
	return verdictRow{name, s.Verdict, s.Reasons, time.Duration(s.Duration).Seconds(), dir}, nil
}

// worst is the verdict on all: one that fails is known to; of the others what was not
// proven outweighs a pass.
func worst(rows []verdictRow) report.Verdict {
	out := report.Pass
	for _, r := range rows {
		switch {
		case r.Verdict == report.Fail:
			return report.Fail
		case r.Verdict != report.Pass:
			out = r.Verdict
		}
	}
	return out
}

func printVerdicts(out io.Writer, rows []verdictRow, asJSON bool) error {
	if asJSON {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		return enc.Encode(struct {
			Verdict   report.Verdict `json:"verdict"`
			Scenarios []verdictRow   `json:"scenarios"`
		}{worst(rows), rows})
	}
	tw := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	count := map[report.Verdict]int{}
	for _, r := range rows {
		count[r.Verdict]++
		about := scenarios.About(r.Scenario)
		if len(r.Reasons) > 0 {
			about = strings.Join(r.Reasons, "; ")
		}
		fmt.Fprintf(tw, "%s\t%s\t%.0f s\t%s\n", strings.ToUpper(string(r.Verdict)), r.Scenario, r.Seconds, about)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\n%d scenarios: %d pass, %d fail, %d inconclusive, %d invalid\n",
		len(rows), count[report.Pass], count[report.Fail], count[report.Inconclusive], count[report.Invalid])
	return err
}
