package main

import (
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/spf13/cobra"

	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/report/compare"
)

func baselineCommand(w *world) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "baseline",
		Short: "Keep runs in a file, and hold later ones against it",
		Long: `Keep what is compared of runs in one file for a repository, with the rule by which later
runs are judged: margin, confidence, metrics, and how noisy the kept runs are among
themselves. Runs on another machine differ for that alone: save and check on the same.`,
		Example: `  wsheal baseline save baseline.json runs/main
  wsheal baseline check baseline.json runs/mine`,
		// Without it a word that is neither would print the help and pass.
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage(errors.New("baseline: expected save or check"))
			}
			return usage(fmt.Errorf("baseline %s: expected save or check", args[0]))
		},
	}
	cmd.AddCommand(baselineSave(w), baselineCheck(w))
	return cmd
}

func baselineSave(w *world) *cobra.Command {
	var f compareFlags
	cmd := &cobra.Command{
		Use:   "save FILE DIR...",
		Short: "Keep runs as a baseline",
		Long: `Write the runs of the directories into a baseline file, which replaces what was there,
and print how much they differ among themselves: changes smaller than what a check sees
are not noticed. All runs must be of one scenario and one policy, and have proven
something.`,
		Example: `  wsheal baseline save baseline.json runs/main
  wsheal baseline save baseline.json runs/main --margin 20% --metric recovery.t99`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			runs, err := readAll(args[1:])
			if err != nil {
				return usage(err)
			}
			b, err := compare.NewBaseline(runs, f.rule)
			if err != nil {
				return usage(err)
			}
			if err := writeWhole(args[0], b.Write); err != nil {
				return internal(err)
			}
			return internal(unread(tellNoise(w.stdout, args[0], b)))
		},
	}
	f.registerRule(cmd)
	return cmd
}

// tellNoise says what the baseline will be good for.
func tellNoise(out io.Writer, file string, b *compare.Baseline) error {
	_, err := fmt.Fprintf(out, "%s: runs %d, of %s\n", file, len(b.Runs), b.Episode)
	for _, n := range b.Noise {
		sees := "no change: it takes more"
		if v := float64(n.Detectable); !math.IsNaN(v) {
			sees = "a change of +" + report.FormatShare(v) + " in 80 of 100 checks"
			if m, _ := report.Lookup(n.Metric); !n.Ratio {
				sees = "a change of +" + report.FormatValue(v, m.Unit) + " in 80 of 100 checks"
			}
		}
		if err == nil {
			_, err = fmt.Fprintf(out, "  %s: as many new runs show %s\n", n.Metric, sees)
		}
	}
	return err
}

func baselineCheck(w *world) *cobra.Command {
	var f compareFlags
	cmd := &cobra.Command{
		Use:   "check FILE DIR...",
		Short: "Hold runs against a baseline",
		Long: `Compare the runs of the directories with those of a baseline file, by the rule that the
file has. Exits with 0 when no metric is worse by more than the margin, 99 when one is,
75 when that is not proven.`,
		Example: `  wsheal baseline check baseline.json runs/mine
  wsheal baseline check baseline.json runs/mine --markdown > summary.md`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			b, err := readBaseline(args[0])
			if err != nil {
				return usage(err)
			}
			runs, err := readAll(args[1:])
			if err != nil {
				return usage(err)
			}
			c, err := b.Check(runs)
			if err != nil {
				return usage(err)
			}
			return f.show(w, c)
		},
	}
	f.register(cmd)
	return cmd
}

// readAll reads the runs of all paths.
func readAll(paths []string) (out []compare.Run, err error) {
	for _, path := range paths {
		runs, err := readRuns(path)
		if err != nil {
			return nil, err
		}
		out = append(out, runs...)
	}
	return out, nil
}
