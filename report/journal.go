package report

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"
)

// flushAt is the size of the buffer beyond which it is handed on by itself.
const flushAt = 64 << 10

// Writer appends records to a journal, one line each. It is safe for concurrent use.
//
// Lines are gathered and handed on whole, several in one Write call: a process that is
// killed leaves at most one partial line, the last. What the owner wants on disk by a
// certain moment, the edge of a fault for one, it flushes.
type Writer struct {
	mu  sync.Mutex
	w   io.Writer
	buf []byte
	err error // of the first Write that failed; nothing is written after it
}

// NewWriter returns a writer that appends to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w, buf: make([]byte, 0, flushAt+4096)} }

// Write adds one record. A record that JSON cannot carry (a float that is not finite)
// is an error and leaves no trace; an error of the underlying writer is final and comes
// back from every later call.
func (w *Writer) Write(r Record) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	if onlyStep(&r) {
		w.buf = append(appendStep(w.buf, r.T, r.Step), '\n')
	} else {
		line, err := json.Marshal(r)
		if err != nil {
			return fmt.Errorf("journal record at %d ns: %w", r.T, err)
		}
		w.buf = append(append(w.buf, line...), '\n')
	}
	if len(w.buf) >= flushAt {
		return w.flush()
	}
	return nil
}

// Flush hands everything written so far to the underlying writer, in one Write call.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.flush()
}

func (w *Writer) flush() error {
	if w.err != nil || len(w.buf) == 0 {
		return w.err
	}
	if _, err := w.w.Write(w.buf); err != nil {
		w.err = fmt.Errorf("write the journal: %w", err)
	}
	w.buf = w.buf[:0]
	return w.err
}

// onlyStep says whether the record is a step and nothing else.
func onlyStep(r *Record) bool {
	return r.Step != nil && r.Run == nil && r.Phase == nil && r.Fault == nil && r.Load == nil && r.Harness == nil &&
		r.Target == nil && r.Wire == nil && r.Steady == nil && r.Unfit == nil && r.Note == nil && r.End == nil
}
