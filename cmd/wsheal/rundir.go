package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/report/export"
)

// A run directory holds the raw record, which only a run writes, and what is
// re-created from it at any time.
const (
	scenarioFile = "scenario.yaml"
	journalFile  = "journal.ndjson"
	latencyFile  = "latency.hlog"
	clientsFile  = "clients.log" // what clients that are not ours wrote to stderr

	summaryFile = "summary.json"
	pageFile    = "report.html"
)

// claim makes a run directory this run's own: two runs must not mix. The directory may
// exist when it is empty. What is claimed and not used is given back with release.
func claim(dir string) (*runDir, error) {
	d := &runDir{path: dir}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return nil, err
	}
	switch err := os.Mkdir(dir, 0o755); {
	case err == nil:
		d.made = true
	case !errors.Is(err, fs.ErrExist):
		return nil, err
	default:
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		if len(entries) > 0 {
			return nil, fmt.Errorf("%s: %w; expected a new directory for the run (--out)", dir, errTaken)
		}
	}
	var err error
	if d.journal, err = d.create(journalFile); err != nil {
		return nil, err
	}
	if d.latency, err = d.create(latencyFile); err != nil {
		return nil, errors.Join(err, d.release())
	}
	return d, nil
}

// claimNew is claim of the first free name among dir, dir-2, dir-3 and so on.
func claimNew(dir string) (*runDir, error) {
	for n := 1; ; n++ {
		name := dir
		if n > 1 {
			name = fmt.Sprintf("%s-%d", dir, n)
		}
		if d, err := claim(name); !errors.Is(err, errTaken) || n == 100 {
			return d, err
		}
	}
}

var errTaken = errors.New("is not empty")

// runDir is a claimed run directory.
type runDir struct {
	path             string
	made             bool // by claim
	journal, latency *os.File
}

// create makes a file that must not be there: of two runs that claim one empty directory
// at once, one gets it.
func (d *runDir) create(name string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(d.path, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%s: %w; expected a new directory for the run (--out)", d.path, errTaken)
	}
	return f, err
}

func (d *runDir) close() error { return errors.Join(d.journal.Close(), d.latency.Close()) }

// release removes what claim made, for a run that never began.
func (d *runDir) release() error {
	var errs []error
	for _, f := range []*os.File{d.journal, d.latency} {
		if f != nil {
			errs = append(errs, f.Close(), os.Remove(f.Name()))
		}
	}
	for _, name := range []string{scenarioFile, clientsFile} {
		if err := os.Remove(filepath.Join(d.path, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	if d.made {
		errs = append(errs, os.Remove(d.path))
	}
	return errors.Join(errs...)
}

// summarise computes everything that is reported from the raw record in dir.
func summarise(dir string) (*report.Summary, error) {
	journal, err := os.Open(filepath.Join(dir, journalFile))
	if err != nil {
		return nil, fmt.Errorf("%w; expected a run directory, as wsheal run leaves it", err)
	}
	defer journal.Close()
	var log io.Reader // without it the report says so, and has no latencies
	switch latency, err := os.Open(filepath.Join(dir, latencyFile)); {
	case err == nil:
		defer latency.Close()
		log = latency
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	s, err := report.Build(journal, log)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, journalFile), err)
	}
	return s, nil
}

// openRun reads a run directory: its summary, computed from the raw record, and that record.
func openRun(dir string) (export.Source, error) {
	s, err := summarise(dir)
	if err != nil {
		return export.Source{}, err
	}
	file := func(name string) func() (io.ReadCloser, error) {
		return func() (io.ReadCloser, error) { return os.Open(filepath.Join(dir, name)) }
	}
	source := export.Source{Summary: s, Journal: file(journalFile), Hlog: file(latencyFile)}
	if _, err := os.Stat(filepath.Join(dir, latencyFile)); errors.Is(err, fs.ErrNotExist) {
		source.Hlog = nil
	}
	return source, nil
}

// recreate writes the files that a run leaves besides its raw record.
func recreate(dir string, s export.Source) error {
	for _, f := range export.Formats() {
		if f.Left {
			if err := writeFormat(dir, f, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeFormat writes a file of the report. It appears whole or not at all.
func writeFormat(dir string, f export.Format, s export.Source) error {
	return writeWhole(filepath.Join(dir, f.File), func(w io.Writer) error { return f.Write(w, s) })
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

// finish computes, prints and writes the result of the run in dir, tells it to the CI that
// it runs in, and returns its verdict as an exit code. It prints first: a directory that cannot
// be written costs the files, not the verdict.
func finish(w *world, dir string, asJSON bool) error {
	source, err := openRun(dir)
	if err != nil {
		return usage(err)
	}
	s, annotations := source.Summary, w.stdout
	if asJSON {
		annotations = w.stderr
		err = report.WriteJSON(w.stdout, s)
	} else {
		err = quietly(w, w.stdout, func(out io.Writer) error { return report.WriteText(out, s, textStyle(w)) })
	}
	if err := errors.Join(unread(err), recreate(dir, source)); err != nil {
		return internal(err)
	}
	if !asJSON {
		_, err = fmt.Fprintf(w.stdout, "\nreport: %s\n", filepath.Join(dir, pageFile))
		if unread(err) != nil {
			return internal(err)
		}
	}
	tellGitHub(w, source, annotations)
	return verdictExit(s.Verdict)
}

// unread forgives a reader of our output who stopped reading: the verdict is the exit code.
func unread(err error) error {
	if errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return err
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
