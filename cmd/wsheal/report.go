package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wsheal/wsheal/report/export"
)

// longRunGC is how much garbage a report may leave, as a share of what it keeps: a journal of
// ten million records then takes a fifth less memory, and a quarter more CPU. Percent.
const longRunGC = 40

type reportFlags struct {
	json   bool
	format string
	out    string
}

func reportCommand(w *world) *cobra.Command {
	var f reportFlags
	cmd := &cobra.Command{
		Use:   "report DIR",
		Short: "Compute the report of a run again from its raw record",
		Long: `Compute the report of a run directory again from journal.ndjson and latency.hlog, print
the result, and exit with the run's verdict. A run that was cut off at any moment is read
as far as it goes, and is inconclusive (75). Of a trial's directory it computes the table.

Without --format the files are written that a run leaves, byte for byte as it did. With
it those that are named, into the run directory, another one (--out DIR), or one to stdout
(--out -):

` + formatTable(),
		Example: `  wsheal report runs/20261122-101500-reset-storm
  wsheal report runs/today --json | jq .recovery
  wsheal report runs/today --format csv,metrics,ecs
  wsheal report runs/today --format gitlab,codequality --out ci
  wsheal report runs/today --format prom --out - | promtool check metrics
  wsheal report runs/today --format hgrm:response.chaos --out - > chaos.hgrm`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if os.Getenv("GOGC") == "" {
				debug.SetGCPercent(longRunGC)
			}
			return reportRun(w, args[0], f)
		},
	}
	cmd.Flags().BoolVar(&f.json, "json", false, "print summary.json instead of the text")
	cmd.Flags().StringVarP(&f.format, "format", "f", "", "formats to write, with commas between: see above")
	completes(cmd, "format", completeFormats)
	cmd.Flags().StringVarP(&f.out, "out", "o", "", "with --format: directory for the files, or - for stdout (default DIR)")
	return cmd
}

// formatTable lists the formats for the help; those with a star are left by every run.
func formatTable() string {
	var b strings.Builder
	for _, f := range export.Formats() {
		star := " "
		if f.Left {
			star = "*"
		}
		fmt.Fprintf(&b, "  %s %-11s  %-20s  %s\n", star, f.Name, f.File, f.About)
	}
	return b.String() + "\nThose with a star every run leaves."
}

func reportRun(w *world, dir string, f reportFlags) error {
	switch {
	case isTrial(dir) && (f.format != "" || f.out != ""):
		return usage(fmt.Errorf("%s is a trial, which has one report; expected --json alone, or one of its runs", dir))
	case isTrial(dir):
		return concludeTrial(w, dir, f.json)
	case f.format == "" && f.out != "":
		return usage(errors.New("--out needs --format: which files?"))
	case f.format == "":
		return finish(w, dir, f.json)
	case f.json:
		return usage(errors.New("--json and --format exclude each other; expected --format json --out -"))
	}
	formats, err := export.Parse(f.format)
	if err != nil {
		return usage(err)
	}
	if f.out == "-" && len(formats) > 1 {
		return usage(fmt.Errorf("--out - takes one format, got %d", len(formats)))
	}
	source, err := openRun(dir)
	if err != nil {
		return usage(err)
	}
	if f.out == "-" {
		if err := unread(formats[0].Write(w.stdout, source)); err != nil {
			return unwritten(err)
		}
		return verdictExit(source.Summary.Verdict)
	}
	to := dir
	if f.out != "" {
		to = f.out
		if err := os.MkdirAll(to, 0o755); err != nil {
			return usage(err)
		}
	}
	for _, format := range formats {
		if err := writeFormat(to, format, source); err != nil {
			return unwritten(err)
		}
		if _, err := fmt.Fprintln(w.stdout, filepath.Join(to, format.File)); unread(err) != nil {
			return internal(err)
		}
	}
	return verdictExit(source.Summary.Verdict)
}

// unwritten is the exit of a format that could not be written: the user's to mend where
// the run has not what was asked for.
func unwritten(err error) error {
	if _, lacks := errors.AsType[*export.LackError](err); lacks {
		return usage(err)
	}
	return internal(err)
}
