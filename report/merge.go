package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Piece is the raw files of one of the machines that a run was recorded on: a journal of
// its own, from a record of the run to an end, with the steps of the clients that lived
// there.
type Piece struct {
	Name    string // as messages call it, a directory for one
	Journal io.Reader
	Hlog    io.Reader // nil: there is none
}

// Merge joins the pieces of one run into the files that one machine would have written, so
// that their report is the whole run's. The pieces' order does not matter: the files are
// the same, byte for byte.
//
//	journal ─▶ Reader ─┐
//	journal ─▶ Reader ─┴▶ by time ─▶ in order ─▶ journal.ndjson
//	hlog ─▶ HlogReader ─┐
//	hlog ─▶ HlogReader ─┴▶ by time, equal series merged ─▶ latency.hlog
//
// Each client's steps come from one piece. What all of them tell, phases, edges and ends,
// is told once: of ends the worst, and none when one is missing. Lines that cannot be
// understood are left out and in the warnings. It is an error when a piece cannot be read
// at all, when pieces are of different runs, or when two of them have the same client.
func Merge(journal, hlog io.Writer, pieces ...Piece) (warnings []string, err error) {
	m := merger{w: NewWriter(journal), owner: map[int]int{}, told: map[string]string{}}
	if err := m.open(pieces); err != nil {
		return nil, err
	}
	if err := m.journals(); err != nil {
		return nil, err
	}
	for i, r := range m.readers {
		for _, w := range r.Warnings() {
			m.warnings = append(m.warnings, pieces[i].Name+": "+w)
		}
	}
	logs, err := m.hlogs(hlog)
	if err != nil {
		return nil, err
	}
	warnings = append(m.warnings, logs...)
	slices.Sort(warnings)
	return warnings, nil
}

type merger struct {
	w        *Writer
	pieces   []Piece
	readers  []*Reader
	run      *Run
	owner    map[int]int       // by client: its piece
	told     map[string]string // phases and edges that have been written
	ends     []*End            // by piece
	endAt    int64
	order    sorter
	warnings []string
}

// open reads the first record of each piece and joins them.
func (m *merger) open(pieces []Piece) error {
	if len(pieces) == 0 {
		return errors.New("there is nothing to merge")
	}
	m.pieces = pieces
	var hosts []string
	for i, p := range pieces {
		r := NewReader(p.Journal)
		run, err := begin(r)
		if err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
		if !slices.Contains(hosts, run.Host) {
			hosts = append(hosts, run.Host)
		}
		if i > 0 {
			if what := differs(m.run, run); what != "" {
				return fmt.Errorf("%s and %s are not of one run: their %s differs", pieces[0].Name, p.Name, what)
			}
		} else {
			m.run = run
		}
		m.readers = append(m.readers, r)
	}
	slices.Sort(hosts)
	whole := *m.run
	whole.Host = strings.Join(hosts, "; ")
	m.ends = make([]*End, len(pieces))
	return m.w.Write(Record{Run: &whole})
}

// differs names what two pieces of one run cannot differ in.
func differs(a, b *Run) string {
	for _, x := range []struct {
		what string
		same bool
	}{
		{"scenario", a.Scenario == b.Scenario},
		{"policy", a.Policy == b.Policy},
		{"seed", a.Seed == b.Seed},
		{"start", a.Started == b.Started},
		{"number of clients", a.Clients == b.Clients && a.Sharing == b.Sharing && a.Control == b.Control},
		{"load", a.Rate == b.Rate && a.Size == b.Size && a.Guarantee == b.Guarantee && a.Pattern == b.Pattern},
		{"plan", a.Hold == b.Hold && a.Mu == b.Mu && slices.Equal(a.Plan, b.Plan)},
		{"list of endpoints", slices.Equal(a.Endpoints, b.Endpoints)},
		{"faults", slices.Equal(a.Faults, b.Faults)},
		{"gates", slices.Equal(a.Gates, b.Gates) && slices.Equal(a.Steady, b.Steady)},
	} {
		if !x.same {
			return x.what
		}
	}
	return ""
}

// sorted gives the records of one piece in the order of their times.
type sorted struct {
	r     *Reader
	order sorter
	head  entry
}

// next moves to the next record; false at the end.
func (s *sorted) next() (ok bool) {
	for {
		if s.head, ok = s.order.pop(false); ok {
			return true
		}
		if !s.r.Scan() {
			s.head, ok = s.order.pop(true)
			return ok
		}
		s.order.push(s.r.Record(), s.r.Line())
	}
}

// journals writes the records of all pieces in the order of their times.
func (m *merger) journals() error {
	streams := make([]sorted, len(m.readers))
	var heads []int // pieces that have a record to give
	for i, r := range m.readers {
		streams[i].r = r
		if streams[i].next() {
			heads = append(heads, i)
		}
	}
	for len(heads) > 0 {
		least := 0
		for k := range heads {
			if streams[heads[k]].head.ahead(&streams[heads[least]].head) {
				least = k
			}
		}
		i := heads[least]
		if err := m.take(i, streams[i].head); err != nil {
			return err
		}
		if err := m.drain(false); err != nil {
			return err
		}
		if !streams[i].next() {
			heads = slices.Delete(heads, least, least+1)
		}
	}
	if err := m.drain(true); err != nil {
		return err
	}
	for i, r := range m.readers {
		if r.Err() != nil {
			return fmt.Errorf("%s: %w", m.pieces[i].Name, r.Err())
		}
	}
	if end := m.end(); end != nil {
		if err := m.w.Write(Record{T: m.endAt, End: end}); err != nil {
			return err
		}
	}
	return m.w.Flush()
}

// take puts a record into order, unless another piece has told the same.
func (m *merger) take(piece int, e entry) error {
	rec := e.record()
	switch {
	case rec.Run != nil:
		return fmt.Errorf("%s: line %d: a second run begins", m.pieces[piece].Name, e.line)
	case rec.End != nil:
		m.ends[piece], m.endAt = rec.End, max(m.endAt, rec.T)
		return nil
	case rec.Step != nil:
		first, known := m.owner[rec.Step.Client]
		if known && first != piece {
			return fmt.Errorf("client %d is in %s and in %s", rec.Step.Client, m.pieces[first].Name, m.pieces[piece].Name)
		}
		m.owner[rec.Step.Client] = piece
	}
	m.order.push(rec, 0)
	return nil
}

// drain writes what nothing can precede any more.
func (m *merger) drain(all bool) error {
	for e, ok := m.order.pop(all); ok; e, ok = m.order.pop(all) {
		rec := e.record()
		if m.again(&rec) {
			continue
		}
		if err := m.w.Write(rec); err != nil {
			return err
		}
	}
	return nil
}

// again says that a record was told before, by another piece.
func (m *merger) again(rec *Record) bool {
	what := rec.once()
	if what == "" {
		return false
	}
	same := *rec
	same.T = 0 // clocks differ a little
	text, err := json.Marshal(same)
	first, told := m.told[what]
	switch {
	case !told:
		m.told[what] = string(text)
	case err == nil && first != string(text):
		m.warnings = append(m.warnings, fmt.Sprintf("the %s is told twice, differently; the first counts", what))
	}
	return told
}

// once names what a run has once, whoever tells it: the beginning of a phase, and the
// edges of a fault. "" for everything else.
func (r *Record) once() string {
	switch {
	case r.Phase != nil:
		return "phase " + brief(r.Phase.Name)
	case r.Fault != nil && r.Fault.Edge != "failed":
		return r.Fault.Edge + " edge of fault " + r.Fault.Name
	}
	return ""
}

// end is the worst of the pieces' ends; nil when one is missing.
func (m *merger) end() *End {
	var worst *End
	reasons := []string{"complete", "aborted", "unsteady", "interrupted", "unfit", "error"} // any other is as bad as an error
	for i, e := range m.ends {
		if e == nil {
			m.warnings = append(m.warnings, m.pieces[i].Name+": the journal has no end")
			continue
		}
		rank := func(e *End) int {
			if at := slices.Index(reasons, e.Reason); at >= 0 {
				return at
			}
			return len(reasons)
		}
		if worst == nil || rank(e) > rank(worst) || rank(e) == rank(worst) && e.Reason+e.Why > worst.Reason+worst.Why {
			worst = e
		}
	}
	if slices.Contains(m.ends, nil) {
		return nil
	}
	return worst
}
