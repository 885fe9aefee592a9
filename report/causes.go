package report

import (
	"cmp"
	"slices"
)

// causes counts why connections ended ("lost") and attempts failed ("failed"), over the
// whole run, and when each client last saw a reset.
type causes struct {
	rows  map[causeKey]*causeCount
	reset byClient[int64] // when the client last saw ECONNRESET, and a nanosecond; 0: never
}

// causesMost bounds the causes that are told apart; the rest are "other". Clients know
// fewer than twenty, and codes of those that have one.
const causesMost = 1000

type causeKey struct {
	event, cause string
	code         uint16
}

type causeCount struct {
	n       int
	clients map[int]struct{}
}

func newCauses() *causes {
	return &causes{rows: map[causeKey]*causeCount{}}
}

// Add takes a record and what it says of the client's attempts.
func (c *causes) Add(rec Record, a attempt) {
	s := rec.Step
	if s == nil {
		return
	}
	if s.Cause == "reset" && (s.Event == "lost" || s.Event == "failed") {
		last := c.reset.at(s.Client)
		*last = max(*last, rec.T+1)
	}
	if s.To == "retired" {
		return
	}
	key := causeKey{cause: s.Cause, code: s.Code}
	switch {
	case a.ended == attemptFailed:
		key.event = "failed"
		if s.Event == "timer" && key.cause == "" { // nothing came: the attempt ran into its own deadline
			key.cause = map[string]string{"proving": "unproved", "dialing": "timeout"}[s.From]
		}
	case isUsable(s.From) && !isUsable(s.To):
		key.event = "lost"
	default:
		return
	}
	if key.cause == "" {
		key.cause = "unknown"
	}
	row := c.rows[key]
	if row == nil && len(c.rows) >= causesMost {
		key = causeKey{event: key.event, cause: "other"}
		row = c.rows[key]
	}
	if row == nil {
		row = &causeCount{clients: map[int]struct{}{}}
		c.rows[key] = row
	}
	row.n++
	row.clients[s.Client] = struct{}{}
}

// sawReset counts the clients that saw a reset at or after a moment.
func (c *causes) sawReset(from int64) int {
	n := 0
	c.reset.each(func(_ int, t *int64) {
		if *t > from {
			n++
		}
	})
	return n
}

// Result lists the rows, the most frequent first.
func (c *causes) Result() []CauseRow {
	out := make([]CauseRow, 0, len(c.rows))
	for key, row := range c.rows {
		out = append(out, CauseRow{Event: key.event, Cause: key.cause, Code: key.code, Count: row.n, Clients: len(row.clients)})
	}
	slices.SortFunc(out, func(a, b CauseRow) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(b.Event, a.Event), cmp.Compare(a.Cause, b.Cause), cmp.Compare(a.Code, b.Code))
	})
	return out
}
