package report

import (
	"slices"
	"strconv"
	"strings"
)

// membersOf names the faults whose cohort has the clients of a tag's cohort part: none
// for "control", those of "f0-f2" by their place in the run, and every one for "faulted",
// the word of journals that knew no better. False when it is none of these.
func membersOf(cohort string, faults []Intended) (names []string, ok bool) {
	switch cohort {
	case "control":
		return nil, true
	case "faulted":
		for _, f := range faults {
			names = append(names, f.Name)
		}
		return names, true
	}
	last := -1
	for part := range strings.SplitSeq(cohort, "-") {
		i, err := strconv.Atoi(strings.TrimPrefix(part, "f"))
		if err != nil || part != "f"+strconv.Itoa(i) || i <= last || i >= len(faults) {
			return nil, false
		}
		names, last = append(names, faults[i].Name), i
	}
	return names, true
}

// shifts compares response times while faults were in force with those in the baseline:
// for each fault those of its own cohort, over all faults those of each in its own time,
// and for both those of the control cohort.
type shifts struct {
	faults []*FaultResult
	during map[shiftName]*series
	before map[shiftName]*series
}

// shiftName is a fault, "" for all of them together, and a cohort, control or faulted.
type shiftName struct{ fault, cohort string }

func newShifts(faults []*FaultResult) *shifts {
	return &shifts{faults: faults, during: map[shiftName]*series{}, before: map[shiftName]*series{}}
}

// Add takes the responses of one interval and of clients that are in the cohorts of the
// named faults; in none when they are control.
func (s *shifts) Add(iv Interval, phase, cohort string, names []string) {
	var during, before bool
	for _, f := range s.faults {
		if f.For == 0 || f.Confirmed == 0 || cohort == "faulted" && !slices.Contains(names, f.Name) {
			continue
		}
		if iv.From >= f.Confirmed && (f.Cleared == 0 || iv.To <= f.Cleared) {
			grow(s.during, shiftName{f.Name, cohort}).merge(iv.Hist, iv.Max)
			during = true
		}
		if phase == baseline {
			grow(s.before, shiftName{f.Name, cohort}).merge(iv.Hist, iv.Max)
			before = true
		}
	}
	if during {
		grow(s.during, shiftName{cohort: cohort}).merge(iv.Hist, iv.Max)
	}
	if before {
		grow(s.before, shiftName{cohort: cohort}).merge(iv.Hist, iv.Max)
	}
}

// of is the median response of a cohort while a fault ("": any) was in force minus its
// median in the baseline; false where one of the two is not known.
func (s *shifts) of(fault, cohort string) (ns int64, ok bool) {
	during, before := s.during[shiftName{fault, cohort}], s.before[shiftName{fault, cohort}]
	if during == nil || before == nil || during.n() == 0 || before.n() == 0 {
		return 0, false
	}
	return during.quantile(0.5, 0) - before.quantile(0.5, 0), true
}
