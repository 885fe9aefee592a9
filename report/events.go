package report

import (
	"cmp"
	"slices"
	"strings"
)

// eventsMost is how many events are told of a run's beginning, and how many of its end.
const eventsMost = 200

// Event is something that happened once, in words. What clients do is none: there is too
// much of it, and the outages tell the slowest.
type Event struct {
	T    int64  `json:"t"`    // ns since the run's start
	Kind string `json:"kind"` // phase fault steady pool unfit note end
	Text string `json:"text"`
}

// events keeps the first and the last of them.
type events struct {
	endpoint func(uint8) string // its name
	first    []Event
	last     []Event // a ring, the oldest at next
	next     int
	more     int // left out between the two
}

// Add takes a record.
func (e *events) Add(rec Record) {
	switch {
	case rec.Phase != nil:
		e.say(rec.T, "phase", rec.Phase.Name+" begins")
	case rec.Fault != nil:
		text := rec.Fault.Name + " " + rec.Fault.Edge
		switch {
		case rec.Fault.Edge == "evidence":
			text += ": " + rec.Fault.State
		case rec.Fault.Error != "":
			text += ": " + rec.Fault.Error
		}
		e.say(rec.T, "fault", text)
	case rec.Steady != nil:
		text := "steady state is met"
		if !rec.Steady.Met {
			text = "steady state is not met"
		}
		e.say(rec.T, "steady", text)
	case rec.Crowd != nil:
		text := rec.Crowd.Notice
		if rec.Crowd.Notice == "health" {
			text = "endpoint " + e.endpoint(rec.Crowd.Endpoint) + " is " + rec.Crowd.Health
		}
		e.say(rec.T, "pool", text)
	case rec.Unfit != nil:
		e.say(rec.T, "unfit", rec.Unfit.Limit+": "+rec.Unfit.Why)
	case rec.Note != nil:
		e.say(rec.T, "note", rec.Note.Text)
	case rec.End != nil:
		text := rec.End.Reason
		if rec.End.Why != "" {
			text += ": " + rec.End.Why
		}
		e.say(rec.T, "end", text)
	}
}

func (e *events) say(t int64, kind, text string) {
	x := Event{t, kind, strings.Clone(text)}
	switch {
	case len(e.first) < eventsMost:
		e.first = append(e.first, x)
	case len(e.last) < eventsMost:
		e.last = append(e.last, x)
	default:
		e.last[e.next] = x
		e.next = (e.next + 1) % eventsMost
		e.more++
	}
}

// Close returns the events in order of time, and how many are left out after the first
// eventsMost of them.
func (e *events) Close() (all []Event, more int) {
	all = append(append(append([]Event{}, e.first...), e.last[e.next:]...), e.last[:e.next]...)
	// The confirmation of a fault is placed by its own time, and may be written late.
	slices.SortStableFunc(all, func(a, b Event) int { return cmp.Compare(a.T, b.T) })
	return all, e.more
}
