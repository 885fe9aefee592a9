package report

import (
	"fmt"
	"slices"
)

// Pushed is what each client got of what its target sends of its own accord, from the
// baseline's start to the end of the plan. It is written once, at the end.
type Pushed struct {
	Tally   []Tally `json:"tally"`   // how many clients got how many messages
	Silence int64   `json:"silence"` // ns: the longest that a client waited for a message, whether one came by the end or not
}

func (p *Pushed) check() error {
	for _, x := range p.Tally {
		if x.Messages < 0 || x.Clients < 0 || x.Clients > countMost {
			return fmt.Errorf("field pushed.tally: expected counts from 0 to %s, got %d of %d", FormatCount(countMost), x.Clients, x.Messages)
		}
	}
	if p.Silence < 0 {
		return fmt.Errorf("field pushed.silence: expected 0 or more, got %d", p.Silence)
	}
	return nil
}

// Tally is how many clients got the same number of messages, to three digits.
type Tally struct {
	Messages int64 `json:"n"`
	Clients  int64 `json:"clients"`
}

// Pushes is what the targets sent of their own accord, from the baseline's start on.
type Pushes struct {
	Received int64      `json:"received"`
	Client   *PerClient `json:"client,omitempty"`  // nil: the run was cut off before it was counted
	Silence  int64      `json:"silence,omitempty"` // ns: the longest that a client waited for a message, whether one came by the end or not
}

// PerClient is how many messages the clients got.
type PerClient struct {
	Clients int64 `json:"clients"`
	Unheard int64 `json:"unheard"` // of them, those that got none
	Min     int64 `json:"min"`
	P50     int64 `json:"p50"`
	Max     int64 `json:"max"`
}

// pushes sums what was counted of it; of several machines, all together.
type pushes struct {
	tally   []Tally
	silence int64
	told    bool
}

// tallyMost bounds the tallies that are kept: a count has three digits, and no run many.
const tallyMost = 1 << 16

func (p *pushes) Add(rec Record) {
	if rec.Pushed == nil || len(p.tally)+len(rec.Pushed.Tally) > tallyMost {
		return
	}
	p.told = true
	p.tally = append(p.tally, rec.Pushed.Tally...)
	p.silence = max(p.silence, rec.Pushed.Silence)
}

// Close returns the result, given the messages of the measured phases; nil where the run's
// pattern is another.
func (p *pushes) Close(run *Run, measured LoadCount) *Pushes {
	if run.Pattern != Push {
		return nil
	}
	out := &Pushes{Received: measured.Pushed, Silence: p.silence}
	if !p.told {
		return out
	}
	slices.SortFunc(p.tally, func(a, b Tally) int { return int(min(max(a.Messages-b.Messages, -1), 1)) })
	c := &PerClient{}
	for _, x := range p.tally {
		c.Clients += x.Clients
	}
	var before int64
	for i, x := range p.tally {
		if i == 0 {
			c.Min = x.Messages
		}
		if x.Messages == 0 {
			c.Unheard += x.Clients
		}
		if before < rank(0.5, c.Clients) && before+x.Clients >= rank(0.5, c.Clients) {
			c.P50 = x.Messages
		}
		before += x.Clients
		c.Max = x.Messages
	}
	if c.Clients > 0 {
		out.Client = c
	}
	return out
}

// unasked warns of messages that came and were taken for nothing, where none was an answer.
func (s *Summary) unasked() []string {
	all := s.Messages["all"]
	if !s.Run.answers() || all.Acked > 0 || all.Pushed == 0 {
		return nil
	}
	why := "does the target echo? load.pattern has reply, push and silent for those that do not"
	if s.Run.Pattern == Reply {
		why = "is load.correlate the field of an answer that has the message's {id}?"
	}
	return []string{FormatCount(all.Pushed) + " messages came, and none of them answers one of ours: " + why}
}

// Rounded is a count to three digits.
func Rounded(n int64) int64 {
	unit := int64(1)
	for n/unit >= 1000 {
		unit *= 10
	}
	return (n + unit/2) / unit * unit
}
