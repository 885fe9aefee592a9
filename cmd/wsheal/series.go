package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/wsheal/wsheal/report/compare"
)

// Arms of a series, which its run directories are named after: new-001, old-001, again-001,
// or run-001 where there is nothing to compare with.
const (
	armOnly  = "run"
	armNew   = "new"
	armOld   = "old"
	armAgain = "again"
	armUnfit = "unfit-" // before the name of a run that was made again: it is in no arm
)

// readRuns reads what is compared from a run directory, from every one directly below a
// directory, or from a baseline file.
func readRuns(path string) ([]compare.Run, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("%w; expected a run directory, a directory of them, or a baseline file", err)
	}
	if !info.IsDir() {
		b, err := readBaseline(path)
		if err != nil {
			return nil, err
		}
		return b.Runs, nil
	}
	dirs := []string{path}
	if !isRun(path) {
		if dirs, err = runsBelow(path, ""); err != nil {
			return nil, err
		}
	}
	var out []compare.Run
	for _, dir := range dirs {
		s, err := summarise(dir)
		if err != nil {
			return nil, err
		}
		out = append(out, compare.FromSummary(filepath.Clean(dir), s))
	}
	if len(out) == 0 {
		return nil, noRuns(path)
	}
	return out, nil
}

func isRun(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, journalFile))
	return err == nil
}

// runsBelow lists the run directories directly below dir whose names have the prefix, and
// links to such: a run that is left out unsaid would be missed in every count.
func runsBelow(dir, prefix string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		if path := filepath.Join(dir, e.Name()); strings.HasPrefix(e.Name(), prefix) && !strings.HasPrefix(e.Name(), armUnfit) && isRun(path) {
			out = append(out, path)
		}
	}
	return out, nil
}

// seriesSides are the arms of a series by its directory; none where there is no series.
func seriesSides(dir string) (sides [3][]string) {
	for i, arm := range []string{armNew, armOld, armAgain} {
		if dirs, err := runsBelow(dir, arm+"-"); err == nil {
			sides[i] = dirs
		}
	}
	return sides
}

func readBaseline(path string) (*compare.Baseline, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w; expected a baseline, as wsheal baseline save writes it", err)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := compare.ReadBaseline(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}
