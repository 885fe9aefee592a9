package serve

import (
	_ "embed"
	"html/template"
	"math"
	"time"

	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/report/live"
)

//go:embed live.tmpl
var templates string

var pages = template.Must(template.New("live").Parse(templates))

// look is a state in the words of the page.
type look struct {
	Title    string
	Scenario string
	When     string // how far the run is
	Warnings []string
	Numbers  []number
	Picture  template.HTML // "": there is nothing to draw yet
	Watches  []row
	Faults   []row
	More     string // faults without a row; "": none
	Events   []row  // the last first
}

type number struct{ Name, Value, Note string }

// row of a table: its first cell names it.
type row struct {
	Name  string
	Cells []string
}

func (s *Server) look() look {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.looking()
}

// looking needs the lock.
func (s *Server) looking() look {
	if !s.begun {
		return look{Title: "wsheal", Scenario: "wsheal", When: "The run has not begun: its target and its fault proxy are starting."}
	}
	st := s.state
	l := look{
		Scenario: clean(st.Scenario),
		When:     live.Seconds(st.Now) + " of " + report.FormatDuration(int64(st.Total())) + ", policy " + clean(st.Policy),
		Numbers:  numbers(st),
		Picture:  picture(st),
	}
	if st.Phase != "" {
		l.When += ", phase " + clean(st.Phase)
	}
	if s.over {
		l.When += ". The run is over, and its report is being made."
	}
	l.Title = clean(st.Scenario) + ", " + report.FormatShare(float64(st.Usable)/float64(max(st.Clients, 1))) + " usable"
	if st.Steady == live.NotMet {
		l.Warnings = append(l.Warnings, "Steady state was not met: nothing is broken, and nothing will be proven.")
	}
	if st.Health == live.Unfit {
		l.Warnings = append(l.Warnings, "The harness is unfit: "+clean(st.HealthText)+". The run will be invalid.")
	}
	for _, w := range st.Watches {
		l.Watches = append(l.Watches, row{w.Name, []string{report.FormatShare(w.Level), watchValue(w), watchWord[w.State]}})
	}
	for _, f := range st.Faults[:min(len(st.Faults), mostFaults)] {
		what := faultState(f)
		if f.Failed != "" {
			what += ": " + clean(f.Failed)
		}
		l.Faults = append(l.Faults, row{clean(f.Name), []string{
			clean(f.Kind), report.FormatShare(f.Share), edge(f.At), edge(f.Commanded), edge(f.Confirmed), edge(f.Cleared), what,
		}})
	}
	if more := len(st.Faults) - mostFaults; more > 0 {
		l.More = "and " + report.FormatCount(int64(more)) + " faults more"
	}
	for i := len(s.events) - 1; i >= 0; i-- {
		l.Events = append(l.Events, row{live.Seconds(s.events[i].At), []string{clean(s.events[i].Text)}})
	}
	return l
}

func numbers(s live.State) []number {
	list := []number{
		{"Usable clients", report.FormatCount(int64(s.Usable)), "of " + report.FormatCount(int64(s.Clients)) + ", " + report.FormatShare(float64(s.Usable)/float64(max(s.Clients, 1)))},
		{"Dials", rate(s.Attempts), "peak " + rate(s.Peak) + ", " + report.FormatCount(s.Dialed) + " so far"},
	}
	if s.Rate > 0 {
		list = append(list, number{"Answers", rate(s.Answers), "of " + report.FormatRate(s.Rate) + " intended, " + report.FormatCount(s.Answered) + " so far"})
	}
	return list
}

var watchWord = map[live.WatchState]string{
	live.Idle: "no fault yet", live.Untouched: "never below", live.Running: "runs", live.Reached: "is back, not yet for the hold time", live.Held: "held",
}

func watchValue(w live.Watch) string {
	if w.State < live.Running {
		return "–"
	}
	return live.Seconds(w.Value)
}

func edge(at time.Duration) string {
	if at == 0 {
		return "–"
	}
	return live.Seconds(at)
}

// rate is a whole one, as a second's counting is.
func rate(v float64) string { return report.FormatRate(math.Round(v)) }

// clean is text from elsewhere without what changes how the text around it is read.
func clean(text string) string { return report.Style{Unicode: true}.Printable(text) }
