package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/wsheal/wsheal/report/compare"
)

func compareCommand(w *world) *cobra.Command {
	var f compareFlags
	var old, again side
	cmd := &cobra.Command{
		Use:   "compare NEW... --against OLD...",
		Short: "Say whether new runs are worse than old ones, and how sure that is",
		Long: `Compare run directories pair by pair: the median change of each metric with its exact
interval, the least change that so many pairs can show, and "~" where nothing is proven.
NEW and OLD are run directories, directories of them, or baseline files; a directory that
wsheal run --against left needs no OLD. With --again, what follows are more runs of the
old, whose difference from OLD is the noise floor.

Exits with 0 when no metric is worse by more than the margin, 99 when one is, 75 when that
is not proven: more pairs may tell.`,
		Example: `  wsheal compare runs/new-* --against runs/old-*
  wsheal compare runs/mine --against runs/default --margin 20% --metric recovery.t99
  wsheal compare runs/20261122-101500-reset-storm --json | jq .changes`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runCompare(w, split(args, &old, &again), f)
		},
	}
	old.register(cmd, "against", "what follows is old: run directories, or a baseline file")
	again.register(cmd, "again", "what follows is old, too, and shows the noise floor")
	f.register(cmd)
	f.registerRule(cmd)
	return cmd
}

// side is a flag that the paths behind it belong to, as a shell puts them there for a
// pattern: --against b1 b2 b3.
type side struct {
	flags *pflag.FlagSet
	first []string
	from  int // arguments that stand before it
}

func (s *side) register(cmd *cobra.Command, name, about string) {
	s.flags = cmd.Flags()
	cmd.Flags().Var(s, name, about)
}

func (s *side) Set(path string) error {
	if s.first != nil {
		return errors.New("expected once, with all paths behind it")
	}
	s.first, s.from = []string{path}, s.flags.NArg()
	return nil
}
func (s *side) String() string { return strings.Join(s.first, " ") }
func (*side) Type() string     { return "DIR..." }

// split gives each path to the side that it stands behind: the new, the old, and again.
func split(args []string, old, again *side) (sides [3][]string) {
	sides[1], sides[2] = old.first, again.first
	for i, path := range args {
		at := 0
		switch {
		case old.first != nil && i >= old.from && (again.first == nil || again.from < old.from || i < again.from):
			at = 1
		case again.first != nil && i >= again.from:
			at = 2
		}
		sides[at] = append(sides[at], path)
	}
	return sides
}

// compareFlags are how a comparison is made and shown.
type compareFlags struct {
	rule     compare.Rule
	json     bool
	markdown bool
}

func (f *compareFlags) register(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.json, "json", false, "print the comparison as JSON instead of the text")
	cmd.Flags().BoolVar(&f.markdown, "markdown", false, "print it as markdown, for a pull request")
	cmd.MarkFlagsMutuallyExclusive("json", "markdown")
}

func (f *compareFlags) registerRule(cmd *cobra.Command) {
	f.rule.Margin, f.rule.Confidence = compare.DefaultMargin, compare.DefaultConfidence
	cmd.Flags().Var((*shareFlag)(&f.rule.Margin), "margin", "change for the worse that is still accepted")
	cmd.Flags().Var((*shareFlag)(&f.rule.Confidence), "confidence", "of the intervals")
	cmd.Flags().StringArrayVar(&f.rule.Metrics, "metric", nil, "metric that decides, may be repeated (default those of recovery, storm, latency and loss)")
	fixed(cmd, "metric", metricNames()...)
}

// shareFlag is a share as the scenario format has it: 10% or 0.1.
type shareFlag float64

func (s *shareFlag) Set(text string) error {
	number, percent := strings.CutSuffix(text, "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if percent {
		v /= 100
	}
	if err != nil || !(v > 0) {
		return errors.New("expected a share above 0 such as 10% or 0.1")
	}
	*s = shareFlag(v)
	return nil
}

func (s *shareFlag) String() string { return strconv.FormatFloat(100*float64(*s), 'g', -1, 64) + "%" }
func (*shareFlag) Type() string     { return "share" }

func runCompare(w *world, sides [3][]string, f compareFlags) error {
	if len(sides[1]) == 0 {
		if len(sides[0]) != 1 {
			return usage(errors.New("expected what to compare with: --against OLD..., or one directory that wsheal run --against left"))
		}
		dir := sides[0][0]
		if sides = seriesSides(dir); len(sides[0]) == 0 || len(sides[1]) == 0 {
			return usage(fmt.Errorf("%s: expected what to compare it with (--against OLD...), or a directory that wsheal run --against left", dir))
		}
	}
	c, err := compareSides(sides, f.rule)
	if err != nil {
		return usage(err)
	}
	return f.show(w, c)
}

// compareSides reads the runs of the new, the old and again, and compares them.
func compareSides(sides [3][]string, rule compare.Rule) (*compare.Comparison, error) {
	var arms [3][]compare.Run
	for i, paths := range sides {
		var err error
		if arms[i], err = readAll(paths); err != nil {
			return nil, err
		}
	}
	return compare.Compare(arms[0], arms[1], arms[2], rule)
}

// show prints a comparison and returns its verdict as an exit code.
func (f compareFlags) show(w *world, c *compare.Comparison) error {
	render := func(out io.Writer) error {
		return quietly(w, out, func(out io.Writer) error { return compare.WriteText(out, c, textStyle(w)) })
	}
	switch {
	case f.json:
		render = func(out io.Writer) error { return compare.WriteJSON(out, c) }
	case f.markdown:
		render = func(out io.Writer) error { return compare.WriteMarkdown(out, c) }
	}
	if err := unread(render(w.stdout)); err != nil {
		return internal(err)
	}
	if path := w.getenv("GITHUB_STEP_SUMMARY"); path != "" && !f.markdown { // which is on its way there
		err := addStepSummary(path, func(out io.Writer) error { return compare.WriteMarkdown(out, c) })
		if err != nil {
			fmt.Fprintf(w.stderr, "GITHUB_STEP_SUMMARY: %v\n", err)
		}
	}
	return verdictExit(c.Verdict)
}

// noRuns is the error of a path that has nothing to compare.
func noRuns(path string) error {
	return fmt.Errorf("%s: expected a run directory, a directory of them, or a baseline file", path)
}
