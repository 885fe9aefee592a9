package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/wsheal/wsheal/report"
)

func mergeCommand(w *world) *cobra.Command {
	var out string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "merge DIR DIR… --out DIR",
		Short: "Join the directories of a run that was recorded on several machines",
		Long: `Join run directories, each with the clients that lived on one machine, into the one that
a single machine would have left, compute its report, and exit with its verdict. The order
of the directories does not matter: the result is the same, byte for byte. Histograms are
merged, percentiles never averaged.

Refused, by name: directories of different runs or scenarios, of another version's journal,
and two that hold the same client.`,
		Example: `  wsheal merge machine-1 machine-2 machine-3 --out runs/whole
  wsheal report runs/whole --format junit`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 {
				return fmt.Errorf("merge takes two run directories or more, got %d", len(args))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if out == "" {
				return usage(errors.New("expected --out DIR, where the whole run is to be"))
			}
			return merge(w, args, out, asJSON)
		},
	}
	cmd.Flags().StringVarP(&out, "out", "o", "", "directory for the whole run, which must be new")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print summary.json instead of the text")
	return cmd
}

func merge(w *world, from []string, to string, asJSON bool) error {
	if err := differ(from); err != nil {
		return usage(err)
	}
	scenario, err := commonScenario(from)
	if err != nil {
		return usage(err)
	}
	dir, err := claim(to)
	if err != nil {
		return usage(err)
	}
	warnings, err := mergeInto(dir, from)
	if err == nil && scenario != nil {
		err = internal(os.WriteFile(filepath.Join(dir.path, scenarioFile), scenario, 0o644))
	}
	if err != nil {
		return errors.Join(err, dir.release())
	}
	if err := dir.close(); err != nil {
		return internal(err)
	}
	for _, text := range warnings {
		fmt.Fprintf(w.stderr, "warning: %s\n", text)
	}
	return finish(w, dir.path, asJSON)
}

// differ refuses a directory that is named twice, under whatever name.
func differ(dirs []string) error {
	var seen []os.FileInfo
	for i, dir := range dirs {
		info, err := os.Stat(dir)
		if err != nil {
			return fmt.Errorf("%w; expected a run directory, as wsheal run leaves it", err)
		}
		for k, other := range seen {
			if os.SameFile(info, other) {
				return fmt.Errorf("%s and %s are the same directory (arguments %d and %d)", dirs[k], dir, k+1, i+1)
			}
		}
		seen = append(seen, info)
	}
	return nil
}

// commonScenario is the scenario.yaml that all directories have; nil when none has one.
func commonScenario(dirs []string) (text []byte, err error) {
	first := ""
	for _, dir := range dirs {
		got, err := os.ReadFile(filepath.Join(dir, scenarioFile))
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, err
		case first == "":
			first, text = dir, got
		case !bytes.Equal(text, got):
			return nil, fmt.Errorf("%s and %s are not of one run: their %s differs", first, dir, scenarioFile)
		}
	}
	return text, nil
}

// mergeInto writes the raw record of the whole run.
func mergeInto(dir *runDir, from []string) (warnings []string, err error) {
	var pieces []report.Piece
	for _, name := range from {
		journal, err := os.Open(filepath.Join(name, journalFile))
		if err != nil {
			return nil, usage(fmt.Errorf("%w; expected a run directory, as wsheal run leaves it", err))
		}
		defer journal.Close()
		piece := report.Piece{Name: name, Journal: journal}
		switch log, err := os.Open(filepath.Join(name, latencyFile)); {
		case err == nil:
			defer log.Close()
			piece.Hlog = log
		case errors.Is(err, fs.ErrNotExist):
			warnings = append(warnings, name+": there is no "+latencyFile)
		default:
			return nil, usage(err)
		}
		pieces = append(pieces, piece)
	}
	more, err := report.Merge(dir.journal, dir.latency, pieces...)
	return append(warnings, more...), usage(err)
}
