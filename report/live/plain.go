package live

import (
	"fmt"
	"io"
	"time"

	"github.com/wsheal/wsheal/report"
)

// Plain writes one line per change of state: for logs and pipes.
type Plain struct {
	out   io.Writer
	style report.Style
	begun bool
	beat  heartbeat
	dead  bool
}

// NewPlain makes a view that writes lines.
func NewPlain(out io.Writer, style report.Style) *Plain {
	return &Plain{out: out, style: style}
}

// Draw writes the events of a state, if any, or a heartbeat when it is due.
func (p *Plain) Draw(s State) {
	if !p.begun {
		p.begun = true
		p.line(0, beginning(s))
	}
	for _, e := range s.Events {
		p.line(e.At, e.Text)
		p.beat.spoke(s.Now)
	}
	if p.beat.due(s.Now) {
		p.line(s.Now, progress(s))
	}
}

// Close writes the last events, and where things stood.
func (p *Plain) Close(s State) {
	p.Draw(s)
	p.line(s.Now, "end, "+progress(s))
}

func (p *Plain) line(at time.Duration, text string) {
	if p.dead {
		return
	}
	if _, err := fmt.Fprintf(p.out, "%9s  %s\n", Seconds(at), p.style.Printable(text)); err != nil {
		p.dead = true
	}
}

// beginning is a plan in one line.
func beginning(s State) string {
	clients := report.FormatCount(int64(s.Clients)) + " clients"
	if s.Sharing {
		clients += " of one pool"
	}
	return fmt.Sprintf("%s: %s, policy %s, seed %d, %s planned", s.Scenario, clients, s.Policy, s.Seed, report.FormatDuration(int64(s.Total())))
}

// progress is a state in one line.
func progress(s State) string {
	line := ""
	if s.Phase != "" {
		line = s.Phase + ": "
	}
	line += fmt.Sprintf("%s of %s clients usable, %s dials", report.FormatCount(int64(s.Usable)), report.FormatCount(int64(s.Clients)), report.FormatRate(whole(s.Attempts)))
	if s.Rate > 0 {
		line += ", " + report.FormatRate(whole(s.Answers)) + " answers"
	}
	for _, w := range s.Watches {
		if w.State == Running {
			return line + ", " + w.Name + " running " + Seconds(w.Value)
		}
	}
	return line
}
