package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsheal/wsheal/chaos/proc"
	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/scenarios/trial"
)

func caseCommand(w *world) *cobra.Command {
	var f runFlags
	var off bool
	var names []string
	for _, c := range trial.Cases() {
		names = append(names, c.Name)
	}
	cmd := &cobra.Command{
		Use:   "case NAME",
		Short: "Run a case study: before and after, and what healing is worth",
		Long: `Run both scenarios of a case study, NAME-before, in which people repair by hand at a
stated time, and NAME-after, in which clients heal, with one seed in random order; and hold
the claim against the ratio of the two. The after must also be over within twice the floor,
which is what the server's capacity allows.

With --healing-off the after has the policy and the endpoints of the before: a claim that
it still kept would be about nothing.

Cases are gaming (downtime), trading (recovery) and collaboration (errors that users see).
Exits with 0 when the claim is kept each time, 99 when it is not, 75 when nothing was proven.`,
		Example: "  wsheal case gaming\n  wsheal case trading --repeat 3\n  wsheal case collaboration --healing-off",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("case takes one case study, got %d; they are %s", len(args), strings.Join(names, ", "))
			}
			return nil
		},
		ValidArgsFunction: cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := trial.FindCase(args[0])
			if err != nil {
				return usage(err)
			}
			f.scenario, f.ui = args[0], "auto"
			return runCase(cmd.Context(), w, c, f, !off)
		},
	}
	cmd.Flags().StringArrayVar(&f.set, "set", nil, "change a field of both scenarios; repeatable")
	cmd.Flags().IntVar(&f.repeat, "repeat", 1, "run the pair so often, each time with the next seed")
	cmd.Flags().BoolVar(&off, "healing-off", false, "run the after without its healing, which must break the claim")
	cmd.Flags().StringVarP(&f.out, "out", "o", "", "directory of the runs (default runs/<time>-<case>)")
	cmd.Flags().BoolVar(&f.json, "json", false, "print the result as JSON")
	cmd.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "no progress on stderr")
	return cmd
}

func runCase(ctx context.Context, w *world, c trial.Case, f runFlags, healing bool) error {
	if f.repeat < 1 {
		return usage(fmt.Errorf("--repeat %d: expected 1 or more", f.repeat))
	}
	arms := c.Arms(healing, f.set)
	first, err := arms[1].Open(0)
	if err != nil {
		return usage(err)
	}
	base, err := c.Seed(f.set)
	if err != nil {
		return usage(err)
	}
	jobs, err := trial.Series{Arms: arms, Rounds: f.repeat, Seed: base}.Jobs()
	if err != nil {
		return usage(err)
	}
	limit, err := proc.RaiseDescriptorLimit()
	if err != nil {
		return internal(err)
	}
	dir, err := f.seriesDir(c.Name)
	if err != nil {
		return usage(err)
	}
	tell := f.teller(w)
	tell(fmt.Sprintf("%d runs, about %s, into %s", len(jobs), trial.Length(jobs).Round(time.Second), dir))
	done, err := trial.Run(ctx, jobs, func(ctx context.Context, j trial.Job) error {
		once := f
		once.scenario = c.Name + "-" + j.Arm
		return recordFit(ctx, w, j, once, dir, int(limit), tell)
	})
	switch {
	case ctx.Err() != nil:
		return &exitError{exitInterrupted, fmt.Errorf("interrupted after %d of %d runs, which are in %s", done, len(jobs), dir)}
	case err != nil:
		return setupExit(err, false)
	}
	var results []trial.CaseResult
	for round := range f.repeat {
		var pair [2]*report.Summary
		for i, arm := range []string{trial.Before, trial.After} {
			if pair[i], err = summarise(filepath.Join(dir, fmt.Sprintf("%s-%03d", arm, round+1))); err != nil {
				return internal(err)
			}
		}
		first.Seed = base + uint64(round)
		results = append(results, c.Judge(first, pair[0], pair[1]))
	}
	if err := unread(printCase(w.stdout, c, results, f.json)); err != nil {
		return internal(err)
	}
	return verdictExit(caseVerdict(results))
}

// caseVerdict is fail when one pair broke the claim, and else that of what proves least.
func caseVerdict(results []trial.CaseResult) report.Verdict {
	rows := make([]verdictRow, len(results))
	for i, r := range results {
		rows[i].Verdict = r.Verdict
	}
	return worst(rows)
}

func printCase(out io.Writer, c trial.Case, results []trial.CaseResult, asJSON bool) error {
	if asJSON {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		return enc.Encode(struct {
			Case    string             `json:"case"`
			Claim   string             `json:"claim"`
			Metric  string             `json:"metric"`
			Verdict report.Verdict     `json:"verdict"`
			Pairs   []trial.CaseResult `json:"pairs"`
		}{c.Name, c.Claim, c.Words(), caseVerdict(results), results})
	}
	_, err := fmt.Fprintf(out, "%s: %s\n", c.Name, c.Claim)
	for _, r := range results {
		_, more := fmt.Fprintf(out, "%-12s seed %d: %s before %s, after %s: %s of it, at most %.0f %% (t99 %s, floor %.2f s)\n",
			r.Verdict, r.Seed, c.Words(), c.Show(r.Before), c.Show(r.After), trial.Percent(r.Ratio), 100*r.Most, trial.Seconds(r.T99), r.Floor)
		err = errors.Join(err, more)
		for _, why := range r.Reasons {
			_, more := fmt.Fprintf(out, "             %s\n", why)
			err = errors.Join(err, more)
		}
	}
	return err
}
