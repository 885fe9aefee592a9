package report

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"
)

// cutOff is the reason of a journal's end that has none: the run was killed.
const cutOff = "cut off"

// overrun is how long after its plan a run may still write: its last calls are bounded.
// A time beyond it is a corrupt one, which would stretch everything that is measured.
const overrun = int64(10 * time.Minute)

// Build computes the summary of a run from its two raw files, each read once from
// beginning to end. What is kept in memory follows the number of clients, of seconds and
// of faults, not that of lines. The same files give the same summary.
//
//	journal ─▶ Reader ─▶ in order of time ─▶ folds ─┐
//	                                                ├▶ Summary ─▶ metrics ─▶ gates ─▶ verdict
//	latency.hlog ─▶ HlogReader ─▶ latency ──────────┘
//
// Hlog may be nil: then there are no latencies. What is wrong with single lines is a
// warning. The error says why nothing could be read at all: the journal is empty, does
// not begin with a run, or is of another schema (*SchemaError).
func Build(journal, hlog io.Reader) (*Summary, error) {
	r := NewReader(journal)
	run, err := begin(r)
	if err != nil {
		return nil, err
	}
	b := newBuilder(run)
	b.fold(r)
	if r.Err() != nil {
		b.warn("%v; the rest is missing", r.Err())
	}
	b.warnings = append(r.Warnings(), b.warnings...)
	s := b.close(hlog)
	return s, nil
}

// begin reads the first record, which tells what was run.
func begin(r *Reader) (*Run, error) {
	switch {
	case r.Scan() && r.record.Run != nil:
		if err := r.record.Run.check(); err != nil {
			return nil, fmt.Errorf("the journal's record of what was run: %w", err)
		}
		return r.record.Run, nil
	case len(r.record.kinds()) > 0:
		return nil, nothing(r, "the journal does not begin with a record of what was run", fmt.Sprintf("line %d is a record of kind %s", r.Line(), r.record.kinds()[0]))
	case len(r.Warnings()) == 0:
		return nil, nothing(r, "the journal is empty", "expected a record of what was run in line 1")
	}
	return nil, nothing(r, "nothing readable in the journal", "")
}

// nothing says why there is nothing to report: what, and the first line that was skipped,
// or why where none was.
func nothing(r *Reader, what, why string) error {
	if r.Err() != nil {
		return r.Err()
	}
	if w := r.Warnings(); len(w) > 0 {
		line := strings.TrimSuffix(strings.TrimPrefix(w[0], "journal "), "; skipped")
		return errors.New(what + ": " + line)
	}
	return errors.New(what + ": " + why)
}

// builder feeds the folds.
type builder struct {
	run      *Run
	last     int64 // time of the last record given to the folds
	line     int64 // where it stands in the journal
	runs     int   // how many the journal holds
	skipped  int64 // lines of it that could not be read, or made no sense
	end      *End
	steady   *Steady
	limit    int64 // no record can be later
	back     int64 // how often the clock went back, and the most that it did
	backMost int64
	backLine int64
	unsure   int64 // the most that it did for a record whose order matters

	attempts *attempts
	fleet    *fleet
	faults   *faults
	recovery *recovery
	storm    *storm
	messages *messages
	harness  *harness
	causes   *causes
	course   *course
	sharing  *sharing
	balance  *balance
	open     *connections
	latency  *latency // nil until latency.hlog is read
	raster   *raster
	events   *events
	views    *views
	pushes   pushes
	pings    pings

	warnings []string
	unsaid   int
}

func newBuilder(run *Run) *builder {
	b := &builder{
		run: run, runs: 1, limit: math.MaxInt64,
		attempts: new(attempts), fleet: newFleet(run), recovery: &recovery{unseen: run.fromWire()}, storm: newStorm(),
		messages: newMessages(run), harness: newHarness(), causes: newCauses(), course: newCourse(), sharing: newSharing(run), balance: newBalance(run), open: newConnections(run),
	}
	b.views = newViews(run)
	b.raster, b.events = newRaster(), &events{endpoint: b.sharing.endpoint}
	b.faults = newFaults(run, func(format string, args ...any) {
		b.warn("journal line %d: %s", b.line, fmt.Sprintf(format, args...))
	})
	if n := len(run.Plan); n > 0 && run.Plan[n-1].To < math.MaxInt64-overrun {
		b.limit = run.Plan[n-1].To + overrun
	}
	return b
}

func (b *builder) warn(format string, args ...any) {
	if len(b.warnings) >= maxWarnings {
		b.unsaid++
		return
	}
	b.warnings = append(b.warnings, fmt.Sprintf(format, args...))
}

// add gives one record to every fold. Times given to them never go back. A step is
// theirs only for the call: the next may be read into it.
func (b *builder) add(rec Record, line int64) {
	b.line = line
	if !b.faults.Add(rec) { // by the edge's own time
		return
	}
	if rec.Fault != nil {
		b.storm.Clear(b.faults.results[rec.Fault.Name].over())
	}
	if rec.T < b.last {
		if rec.Fault == nil { // the confirmation of a fault may come late
			b.back++
			d := b.last - rec.T
			if d > b.backMost {
				b.backMost, b.backLine = d, line
			}
			if rec.Step != nil || rec.Phase != nil {
				b.unsure = max(b.unsure, d)
			}
		}
		rec.T = b.last
	}
	b.last = rec.T
	var a attempt
	if rec.Step != nil {
		a = b.attempts.step(rec.T, rec.Step)
	}
	switch {
	case rec.Steady != nil:
		if b.steady == nil || b.steady.Met { // of several machines, none may have missed it
			b.steady = rec.Steady
		}
	case rec.End != nil:
		b.end = rec.End
	}
	b.fleet.Add(rec)
	b.harness.Add(rec, b.fleet.calm)
	b.recovery.Add(rec, a)
	b.storm.Add(rec, a)
	b.messages.Add(rec)
	b.causes.Add(rec, a)
	b.course.Add(rec, a)
	b.sharing.Add(rec)
	b.balance.Add(rec, a)
	b.open.Add(rec)
	b.raster.Add(rec, a)
	b.events.Add(rec)
	b.views.Add(rec)
	b.pushes.Add(rec)
	b.pings.Add(rec)
}
