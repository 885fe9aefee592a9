package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
)

// SchemaError says that a journal was written by another version of wsheal, whose
// records mean something else.
type SchemaError struct {
	Got  int
	Line int64 // of the journal, that of the record of what was run
}

func (e *SchemaError) Error() string {
	text := fmt.Sprintf("journal line %d: schema %d, expected %d", e.Line, e.Got, Schema)
	if e.Got > Schema {
		text += ": it was written by a newer wsheal"
	}
	return text
}

// Reader reads a journal record by record, as bufio.Scanner reads lines:
//
//	for r.Scan() {
//		use(r.Record())
//	}
//	err := r.Err()
//
// A line that cannot be understood is skipped and told by Warnings.
type Reader struct {
	lines  *lines
	words  vocabulary
	free   []*Step // that are to be read into
	record Record
	err    error
}

// NewReader returns a reader of the journal in r.
func NewReader(r io.Reader) *Reader { return &Reader{lines: newLines("journal", r)} }

// Scan moves to the next record. It returns false at the end and after an error, which
// Err then has: of the underlying reader, or a *SchemaError.
func (r *Reader) Scan() bool {
	for r.err == nil && r.lines.scan() {
		if len(r.lines.text) == 0 {
			continue
		}
		step := r.step()
		if t, ok := parseStep(r.lines.text, &r.words, step); ok {
			r.record = Record{T: t, Step: step}
			return true
		}
		r.reuse(step)
		rec, err := parseRecord(r.lines.text)
		if rec.Run != nil && (rec.Run.Schema > Schema || err == nil && rec.Run.Schema != Schema) {
			r.err = &SchemaError{Got: rec.Run.Schema, Line: r.lines.n} // whatever else is in it, which may well read as damaged
			return false
		}
		if err != nil {
			if !r.lines.whole {
				r.lines.warn("cut off in the middle")
			} else {
				r.lines.skip("%s", err)
			}
			continue
		}
		r.record = rec
		return true
	}
	return false
}

// step is one to read into.
func (r *Reader) step() *Step {
	last := len(r.free) - 1
	if last < 0 {
		return new(Step)
	}
	s := r.free[last]
	r.free = r.free[:last]
	return s
}

// reuse takes back a step that nobody needs any more; nil is none. Who reads a journal to
// its end and does so needs no memory for each of its lines.
func (r *Reader) reuse(s *Step) {
	if s != nil {
		r.free = append(r.free, s)
	}
}

// Record returns the record that Scan moved to.
func (r *Reader) Record() Record { return r.record }

// Line returns its line number, from 1.
func (r *Reader) Line() int64 { return r.lines.n }

// Err returns what ended the reading early; nil at the end of the journal.
func (r *Reader) Err() error {
	if r.err != nil {
		return r.err
	}
	return r.lines.err
}

// Warnings returns what was wrong with lines that were skipped, each with its line
// number, and how many more there were beyond the first twenty.
func (r *Reader) Warnings() []string { return r.lines.told() }

// Skipped returns how many whole lines could not be understood.
func (r *Reader) Skipped() int64 { return r.lines.skipped }

func parseRecord(line []byte) (Record, error) {
	var rec Record
	if err := json.Unmarshal(line, &rec); err != nil {
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			return rec, fmt.Errorf("not JSON at byte %d: %s", syntax.Offset, syntax)
		}
		if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			if kind.Field == "" {
				return rec, fmt.Errorf("expected a record, an object, got %s", kind.Value)
			}
			return rec, fmt.Errorf("field %s: expected %s, got %s", kind.Field, inJSON(kind.Type), kind.Value)
		}
		return rec, err
	}
	switch n := len(rec.kinds()); {
	case n == 0:
		return rec, errors.New("no kind of record that this wsheal knows")
	case n > 1:
		return rec, errors.New("several records in one line")
	case rec.T < 0:
		return rec, fmt.Errorf("t is %d, expected 0 or more", rec.T)
	}
	return rec, missing(line, &rec)
}

// always are the fields that every step has. Without them it would be read as one of
// client 0.
var always = []string{"c", "gen", "ev", "from", "to"}

// missing says what a sound record would have and this one has not, where nothing would
// read as 0.
func missing(line []byte, rec *Record) error {
	if rec.T != 0 && rec.Step == nil {
		return nil
	}
	var has struct {
		T    *json.RawMessage           `json:"t"`
		Step map[string]json.RawMessage `json:"step"`
	}
	if err := json.Unmarshal(line, &has); err != nil {
		return err
	}
	if has.T == nil {
		return errors.New("field t: expected ns since the run's start, got nothing")
	}
	if rec.Step == nil {
		return nil
	}
	for _, name := range always {
		if v, ok := has.Step[name]; !ok || string(v) == "null" {
			return fmt.Errorf("field step.%s: expected a value, got nothing", name)
		}
	}
	return nil
}

// inJSON is what a journal has in the place of a Go type.
func inJSON(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Slice:
		return "a list"
	}
	return t.String()
}

// kinds names the records of a line; a sound line has one.
func (r *Record) kinds() (names []string) {
	for _, kind := range [...]struct {
		name string
		set  bool
	}{
		{"run", r.Run != nil},
		{"phase", r.Phase != nil},
		{"step", r.Step != nil},
		{"fault", r.Fault != nil},
		{"load", r.Load != nil},
		{"harness", r.Harness != nil},
		{"target", r.Target != nil},
		{"wire", r.Wire != nil},
		{"conn", r.Conn != nil},
		{"steady", r.Steady != nil},
		{"unfit", r.Unfit != nil},
		{"crowd", r.Crowd != nil},
		{"pushed", r.Pushed != nil},
		{"note", r.Note != nil},
		{"end", r.End != nil},
	} {
		if kind.set {
			names = append(names, kind.name)
		}
	}
	return names
}
