package report

import "encoding/json"

// live is what the page's script draws: the timeline, in seconds and milliseconds.
type live struct {
	Span     float64    `json:"span"`
	End      float64    `json:"end"` // of the run
	Step     float64    `json:"step"`
	Usable   []int      `json:"usable"`
	Attempts []int      `json:"attempts"`
	Failed   []int      `json:"failed"`
	LoadStep float64    `json:"loadStep,omitempty"` // 0: there is no load
	Answers  []float64  `json:"answers,omitempty"`
	P99      []*float64 `json:"p99,omitempty"` // null: no answer came
	Baseline float64    `json:"baseline"`
	Rate     float64    `json:"rate"`
	Phases   []liveSpan `json:"phases"`
	Faults   []liveSpan `json:"faults"`
}

// liveSpan is a phase or a fault.
type liveSpan struct {
	Name      string  `json:"name"`
	From      float64 `json:"from"` // a fault: commanded
	To        float64 `json:"to"`
	Confirmed float64 `json:"confirmed,omitempty"`
	Cleared   float64 `json:"cleared,omitempty"`
}

// liveData is the timeline as JSON, "" when there is none; each halving makes two steps
// one. It has no character that could end a script element.
func liveData(s *Summary, halvings int) string {
	span := s.span()
	if span <= 0 || s.Timeline.Step <= 0 || len(s.Timeline.Usable) == 0 {
		return ""
	}
	seconds := func(ns int64) float64 { return round(float64(ns)/1e9, 6) }
	k := 1 << halvings
	l := live{
		Span: seconds(span), End: seconds(s.Duration), Step: seconds(s.Timeline.Step * int64(k)),
		Baseline: s.Recovery.Baseline, Rate: s.Run.Rate, Phases: []liveSpan{}, Faults: []liveSpan{},
	}
	for i := 0; i < len(s.Timeline.Usable); i += k {
		to := min(i+k, len(s.Timeline.Usable))
		l.Usable = append(l.Usable, s.Timeline.Usable[to-1])
		l.Attempts = append(l.Attempts, int(sumOf(within(s.Timeline.Attempts, i, to))))
		l.Failed = append(l.Failed, int(sumOf(within(s.Timeline.Failed, i, to))))
	}
	if s.hasLoad() {
		l.LoadStep = seconds(s.Timeline.AckedStep * int64(k))
		for i := 0; i < len(s.Timeline.Acked); i += k {
			answers, n, slowest := 0.0, 0, int64(-1)
			for _, v := range within(s.Timeline.Acked, i, i+k) {
				answers, n = answers+v, n+1
			}
			for _, v := range within(s.Timeline.P99, i, i+k) {
				slowest = max(slowest, v)
			}
			l.Answers = append(l.Answers, round(answers/float64(max(n, 1)), 2))
			l.P99 = append(l.P99, nil)
			if slowest >= 0 {
				l.P99[len(l.P99)-1] = new(round(float64(slowest)/1e6, 4))
			}
		}
	}
	for _, p := range s.Run.Plan[:min(len(s.Run.Plan), faultsDrawn)] {
		l.Phases = append(l.Phases, liveSpan{Name: shown(p.Name), From: seconds(p.From), To: seconds(p.To)})
	}
	for _, f := range s.Faults[:min(len(s.Faults), faultsDrawn)] {
		if f.Commanded != 0 {
			l.Faults = append(l.Faults, liveSpan{Name: shown(f.Name + ": " + f.Kind), From: seconds(f.Commanded), To: seconds(f.until(s.Duration)), Confirmed: seconds(f.Confirmed), Cleared: seconds(f.Cleared)})
		}
	}
	out, err := json.Marshal(l)
	if err != nil { // numbers that JSON does not have: then there is no timeline to zoom into
		return ""
	}
	return string(out)
}
