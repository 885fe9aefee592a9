package report

import (
	"fmt"
	"io"
	"slices"
	"time"
)

// hlogs writes the intervals of all pieces in the order of their times; those of the same
// series and span become one.
func (m *merger) hlogs(to io.Writer) (warnings []string, err error) {
	started, _ := time.Parse(time.RFC3339, m.run.Started) // a label only
	w := NewHlogWriter(to, started)
	readers := make([]*HlogReader, len(m.pieces))
	var heads []int
	for i, p := range m.pieces {
		if p.Hlog == nil {
			continue
		}
		readers[i] = NewHlogReader(p.Hlog)
		if readers[i].Scan() {
			heads = append(heads, i)
		}
	}
	var open *Interval
	var sum *series
	flush := func() error {
		if open == nil {
			return nil
		}
		open.Hist, open.Max = sum.hist, sum.max
		return w.Write(*open)
	}
	for len(heads) > 0 {
		least := 0
		for k := range heads {
			if readers[heads[k]].interval.before(readers[heads[least]].interval) {
				least = k
			}
		}
		r := readers[heads[least]]
		iv := r.Interval()
		if open == nil || open.Tag != iv.Tag || open.From != iv.From || open.To != iv.To {
			if err := flush(); err != nil {
				return nil, err
			}
			open, sum = &Interval{Tag: iv.Tag, From: iv.From, To: iv.To}, newSeries()
		}
		sum.merge(iv.Hist, iv.Max)
		if !r.Scan() {
			heads = slices.Delete(heads, least, least+1)
		}
	}
	if err := flush(); err != nil {
		return nil, err
	}
	for i, r := range readers {
		if r == nil {
			continue
		}
		if r.Err() != nil {
			return nil, fmt.Errorf("%s: %w", m.pieces[i].Name, r.Err())
		}
		for _, text := range r.Warnings() {
			warnings = append(warnings, m.pieces[i].Name+": "+text)
		}
	}
	return warnings, nil
}

// before orders intervals by their beginning, then by tag, as they are written.
func (iv Interval) before(o Interval) bool {
	if iv.From != o.From {
		return iv.From < o.From
	}
	if iv.Tag != o.Tag {
		return iv.Tag < o.Tag
	}
	return iv.To < o.To
}
