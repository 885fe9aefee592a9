package report

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"
)

// flushAt is the size of what is gathered beyond which a caller of Write has to wait until
// it is handed on. An owner that flushes several times a second never lets it come to that.
const flushAt = 4 << 20

// Writer appends records to a journal, one line each. It is safe for concurrent use.
//
// Lines are gathered and handed on whole, several in one Write call: a process that is
// killed leaves at most one partial line, the last. What the owner wants on disk by a
// certain moment, the edge of a fault for one, it flushes. Callers of Write do not wait
// for the disk meanwhile.
type Writer struct {
	out   sync.Mutex // held while lines are handed on, so that they stay in order; taken before mu
	w     io.Writer
	spare []byte // the buffer that is not being filled; guarded by out

	mu  sync.Mutex // protects following
	buf []byte
	err error // of the first hand-over that failed; nothing is written after it
}

// NewWriter returns a writer that appends to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Write adds one record. A record that JSON cannot carry (a float that is not finite)
// is an error and leaves no trace; an error of the underlying writer is final and comes
// back from every later call.
func (w *Writer) Write(r Record) error {
	full, err := w.add(&r)
	if err == nil && full {
		return w.Flush()
	}
	return err
}

func (w *Writer) add(r *Record) (full bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return false, w.err
	}
	if onlyStep(r) {
		w.buf = append(appendStep(w.buf, r.T, r.Step), '\n')
	} else {
		line, err := json.Marshal(r)
		if err != nil {
			return false, fmt.Errorf("journal record at %d ns: %w", r.T, err)
		}
		w.buf = append(append(w.buf, line...), '\n')
	}
	return len(w.buf) >= flushAt, nil
}

// Flush hands everything written so far to the underlying writer, in one Write call.
func (w *Writer) Flush() error {
	w.out.Lock()
	defer w.out.Unlock()
	w.mu.Lock()
	lines, err := w.buf, w.err
	w.buf = w.spare
	w.mu.Unlock()
	w.spare = lines[:0]
	if err != nil || len(lines) == 0 {
		return err
	}
	if _, err := w.w.Write(lines); err != nil {
		w.mu.Lock()
		w.err = fmt.Errorf("write the journal: %w", err)
		w.mu.Unlock()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// onlyStep says whether the record is a step and nothing else.
func onlyStep(r *Record) bool {
	return r.Step != nil && r.Run == nil && r.Phase == nil && r.Fault == nil && r.Load == nil && r.Harness == nil &&
		r.Target == nil && r.Wire == nil && r.Conn == nil && r.Steady == nil && r.Unfit == nil && r.Crowd == nil && r.Pushed == nil && r.Note == nil && r.End == nil
}
