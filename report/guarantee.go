package report

// Guarantee is what the load was promised, and how often that was broken. It is counted,
// not estimated.
type Guarantee struct {
	Declared  string `json:"declared"`
	Broken    int64  `json:"broken"`              // at-most-once: answered again; at-least-once: never answered; effectively-once: both
	Reordered *int64 `json:"reordered,omitempty"` // answers that came after that of a later message of the same client; nil: the journal does not count them
	Unsent    int64  `json:"unsent"`              // lost without having been handed to the kernel: still waiting, refused by a full queue, or given up
	InFlight  int64  `json:"in_flight"`           // lost after that
}

// promised holds the messages against what the load was promised; nil where nothing was.
// Ordered says that the journal counts what came out of order.
func (s *Summary) promised(ordered bool) *Guarantee {
	all := s.Messages["all"]
	g := &Guarantee{Declared: s.Run.Guarantee}
	switch {
	case all.Intended == 0 || !s.Run.answers():
		return nil
	case g.Declared == "at-most-once":
		g.Broken = all.Dup
	case g.Declared == "at-least-once":
		g.Broken = s.Lost["all"]
	case g.Declared == "effectively-once":
		g.Broken = all.Dup + s.Lost["all"]
	default:
		return nil
	}
	if ordered {
		g.Reordered = &all.Reordered
	}
	// What was answered had been sent, so the two sum to what was lost.
	g.Unsent = min(s.Lost["all"], max(0, all.Intended-all.Sent))
	g.InFlight = s.Lost["all"] - g.Unsent
	return g
}
