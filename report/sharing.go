package report

// spansMost bounds how many spans of shared decisions are kept; what begins after them is
// counted only.
const spansMost = 500

// sharing follows what clients that share decide together: storms, panics, spent budgets
// and ejected endpoints as spans of time, and how long dials waited to be admitted.
type sharing struct {
	run    *Run
	from   int64 // the first fault's command; 0: none yet
	open   map[openSpan]int
	spans  []SharedSpan
	more   int
	asked  byClient[int64] // since when it asks, and a nanosecond; 0: it does not
	waited []int64
}

// openSpan is what lasts; the endpoint is 0 where none is meant.
type openSpan struct {
	what     string
	endpoint uint8
}

func newSharing(run *Run) *sharing {
	return &sharing{run: run, open: map[openSpan]int{}}
}

func (s *sharing) Add(rec Record) {
	switch {
	case rec.Fault != nil && rec.Fault.Edge == "commanded" && s.from == 0:
		s.from = rec.T
	case rec.Crowd != nil:
		s.notice(rec.T, rec.Crowd)
	case rec.Step != nil && s.run.Sharing:
		s.admission(rec.T, rec.Step)
	}
}

// The notices that begin something, and those that end it.
var (
	begins = map[string]string{"storm began": "storm", "panic began": "panic", "budget spent": "budget spent"}
	ends   = map[string]string{"storm over": "storm", "panic over": "panic", "budget back": "budget spent"}
)

func (s *sharing) notice(t int64, c *Crowd) {
	if c.Notice != "health" {
		if what, ok := ends[c.Notice]; ok {
			s.end(t, openSpan{what: what})
		} else if what, ok := begins[c.Notice]; ok {
			s.begin(t, openSpan{what: what})
		}
		return
	}
	// An endpoint that is being probed is still as good as ejected.
	for _, what := range [...]string{"ejected", "degraded"} {
		key := openSpan{what, c.Endpoint}
		switch {
		case c.Health == what:
			s.begin(t, key)
		case c.Health != "probing":
			s.end(t, key)
		}
	}
}

func (s *sharing) begin(t int64, key openSpan) {
	if _, already := s.open[key]; already {
		return
	}
	if len(s.spans) == spansMost {
		s.more++
		return
	}
	s.open[key] = len(s.spans)
	span := SharedSpan{What: key.what, From: t, To: -1}
	if key.what == "ejected" || key.what == "degraded" {
		span.Endpoint = s.endpoint(key.endpoint)
	}
	s.spans = append(s.spans, span)
}

func (s *sharing) end(t int64, key openSpan) {
	if i, lasts := s.open[key]; lasts {
		s.spans[i].To = t
		delete(s.open, key)
	}
}

// endpoint is the name of one.
func (s *sharing) endpoint(i uint8) string {
	if int(i) < len(s.run.Endpoints) {
		return s.run.Endpoints[i]
	}
	return "endpoint " + FormatCount(int64(i))
}

// admission measures from asking to the dial.
func (s *sharing) admission(t int64, step *Step) {
	asked := s.asked.at(step.Client)
	switch {
	case step.To == "asking" && *asked == 0:
		*asked = t + 1
	case step.To != "asking" && *asked > 0:
		since := *asked - 1
		*asked = 0
		if step.To == "dialing" && s.from > 0 && since >= s.from {
			s.waited = append(s.waited, t-since)
		}
	}
}

// Close returns the result, nil for clients that are alone.
func (s *sharing) Close() *Sharing {
	if !s.run.Sharing {
		return nil
	}
	out := &Sharing{Spans: append([]SharedSpan{}, s.spans...), More: s.more, Admission: quantiles(s.waited)}
	for _, x := range s.spans {
		switch x.What {
		case "storm":
			out.Storms++
		case "ejected":
			out.Ejections++
		}
	}
	return out
}

// title of a span: "storm", "ejected: blue".
func (x SharedSpan) title() string {
	if x.Endpoint == "" {
		return x.What
	}
	return x.What + ": " + x.Endpoint
}

// until is when the span ended: at the run's end when nothing says so.
func (x SharedSpan) until(end int64) int64 {
	if x.To < 0 {
		return end
	}
	return x.To
}

// span is when it was and for how long: "at 11.0 s for 5.2 s".
func (x SharedSpan) span(end int64) string {
	line := "at " + FormatDuration(x.From) + " for " + FormatDuration(x.until(end)-x.From)
	if x.To < 0 {
		line += ", to the end"
	}
	return line
}

// pool follows the number of clients where they share.
func (r *Run) pool() string {
	switch {
	case r.fromWire():
		return ", seen from the wire"
	case r.Sharing:
		return " of one pool"
	}
	return ""
}
