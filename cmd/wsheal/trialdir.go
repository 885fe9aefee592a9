package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/report/compare"
	"github.com/wsheal/wsheal/report/league"
)

// A trial directory has the plan, and the runs below it as <scenario>/<policy>-<round>;
// the others are computed from these.
const (
	trialFile  = "trial.json"
	leagueFile = "league.json"
	leaguePage = "league.html"
	leagueText = "league.txt"
)

// writePlan leaves the plan of a trial, before its first run.
func writePlan(dir string, p league.Plan) error {
	return writeWhole(filepath.Join(dir, trialFile), func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(p)
	})
}

// isTrial says whether dir is that of a trial.
func isTrial(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, trialFile))
	return err == nil
}

// turnDir is where a run of a trial is, in the trial's directory.
func turnDir(scenario, policy string, round int) string {
	return filepath.Join(scenario, fmt.Sprintf("%s-%03d", policy, round))
}

// readTrial reads the plan of a trial and its runs, as far as they are there.
func readTrial(dir string) (league.Plan, []league.Entry, error) {
	var p league.Plan
	text, err := os.ReadFile(filepath.Join(dir, trialFile))
	if err != nil {
		return p, nil, err
	}
	if err := json.Unmarshal(text, &p); err != nil {
		return p, nil, fmt.Errorf("%s: %w", filepath.Join(dir, trialFile), err)
	}
	if err := p.Check(); err != nil {
		return p, nil, fmt.Errorf("%s: %w", filepath.Join(dir, trialFile), err)
	}
	var entries []league.Entry
	for _, scenario := range p.Scenarios {
		for _, policy := range p.Policies {
			for round := range p.Rounds {
				name := turnDir(scenario, policy, round+1)
				s, err := summarise(filepath.Join(dir, name))
				if errors.Is(err, fs.ErrNotExist) {
					continue // not run yet, or never
				}
				if err != nil {
					return p, nil, err
				}
				entries = append(entries, league.Entry{
					Scenario: scenario, Policy: policy, Run: compare.FromSummary(name, s),
					Mu: s.Run.Mu, About: s.Run.About, After: after(s),
				})
			}
		}
	}
	return p, entries, nil
}

// after is how long a run went on after its servers' capacity had returned, s; 0 where that is
// not known.
func after(s *report.Summary) float64 {
	if s.Recovery.Cleared.Zero == 0 {
		return 0
	}
	return float64(s.Duration-s.Recovery.Cleared.Zero) / 1e9
}

// concludeTrial computes the league table of a trial's directory, leaves it there, prints it
// and returns its verdict as an exit code.
func concludeTrial(w *world, dir string, asJSON bool) error {
	plan, entries, err := readTrial(dir)
	if err != nil {
		return usage(err)
	}
	t, err := league.Build(plan, entries)
	if err != nil {
		return usage(err)
	}
	for name, render := range map[string]func(io.Writer) error{
		leagueFile: t.WriteJSON,
		leaguePage: t.WriteHTML,
		leagueText: func(out io.Writer) error { return t.WriteText(out, report.Style{Unicode: true}) },
	} {
		if err := writeWhole(filepath.Join(dir, name), render); err != nil {
			return internal(err)
		}
	}
	render := func(out io.Writer) error {
		if err := t.WriteText(out, textStyle(w)); err != nil {
			return err
		}
		_, err := fmt.Fprintf(out, "\nreport: %s\n", filepath.Join(dir, leaguePage))
		return err
	}
	if asJSON {
		render = t.WriteJSON
	}
	if err := unread(render(w.stdout)); err != nil {
		return internal(err)
	}
	return verdictExit(t.Verdict)
}
