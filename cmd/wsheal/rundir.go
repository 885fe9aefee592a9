package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/wsheal/wsheal/report"
)

// A run directory holds the raw record, which only a run writes, and what is
// re-created from it at any time.
const (
	scenarioFile = "scenario.yaml"
	journalFile  = "journal.ndjson"
	latencyFile  = "latency.hlog"

	summaryFile = "summary.json"
	pageFile    = "report.html"
)

// createRunDir refuses a directory that holds anything: two runs must not mix.
func createRunDir(dir string) error {
	switch entries, err := os.ReadDir(dir); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case len(entries) > 0:
		return fmt.Errorf("%s is not empty; expected a new directory for the run (--out)", dir)
	}
	return os.MkdirAll(dir, 0o755)
}

// summarise computes everything that is reported from the raw record in dir.
func summarise(dir string) (*report.Summary, error) {
	journal, err := os.Open(filepath.Join(dir, journalFile))
	if err != nil {
		return nil, fmt.Errorf("%w; expected a run directory, as wsheal run leaves it", err)
	}
	defer journal.Close()
	latency, err := os.Open(filepath.Join(dir, latencyFile))
	if err != nil {
		return nil, fmt.Errorf("%w; expected a run directory, as wsheal run leaves it", err)
	}
	defer latency.Close()
	s, err := report.Build(journal, latency)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, journalFile), err)
	}
	return s, nil
}

// recreate writes the files that are computed from the summary. Each appears whole or
// not at all.
func recreate(dir string, s *report.Summary) error {
	for name, render := range map[string]func(io.Writer, *report.Summary) error{
		summaryFile: report.WriteJSON,
		pageFile:    report.WriteHTML,
	} {
		if err := writeWhole(filepath.Join(dir, name), func(w io.Writer) error { return render(w, s) }); err != nil {
			return err
		}
	}
	return nil
}

func writeWhole(path string, render func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // after the rename there is nothing left to remove
	err = errors.Join(render(f), f.Chmod(0o644), f.Close())
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return os.Rename(f.Name(), path)
}

// finish computes, writes and prints the result of the run in dir and returns its
// verdict as an exit code.
func finish(w *world, dir string, asJSON bool) error {
	s, err := summarise(dir)
	if err != nil {
		return usage(err)
	}
	if err := recreate(dir, s); err != nil {
		return &exitError{exitInternal, err}
	}
	if asJSON {
		err = report.WriteJSON(w.stdout, s)
	} else {
		err = report.WriteText(w.stdout, s, textStyle(w))
		if err == nil {
			_, err = fmt.Fprintf(w.stdout, "\nreport: %s\n", filepath.Join(dir, pageFile))
		}
	}
	if err != nil {
		return &exitError{exitInternal, err}
	}
	return verdictExit(s.Verdict)
}

func verdictExit(v report.Verdict) error {
	switch v {
	case report.Pass:
		return nil
	case report.Fail:
		return &exitError{exitFail, nil}
	default:
		return &exitError{exitInconclusive, nil}
	}
}
