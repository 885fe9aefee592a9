package live

import (
	"fmt"
	"io"
	"time"

	"github.com/wsheal/wsheal/report"
)

// The heartbeat says that a run is alive where nothing else happens: first after 30 s,
// then at distances that double up to 5 min.
const (
	firstBeat = 30 * time.Second
	slowBeat  = 5 * time.Minute
)

// Plain writes one line per change of state: for logs and pipes.
type Plain struct {
	out   io.Writer
	style report.Style
	begun bool
	last  time.Duration // when the last line was written
	beat  time.Duration // how long silence may last now
	dead  bool
}

// NewPlain makes a view that writes lines.
func NewPlain(out io.Writer, style report.Style) *Plain {
	return &Plain{out: out, style: style, beat: firstBeat}
}

// Draw writes the events of a state, if any, or a heartbeat when it is due.
func (p *Plain) Draw(s State) {
	if !p.begun {
		p.begun = true
		clients := report.FormatCount(int64(s.Clients)) + " clients"
		if s.Sharing {
			clients += " of one pool"
		}
		p.line(0, fmt.Sprintf("%s: %s, policy %s, seed %d, %s planned", s.Scenario, clients, s.Policy, s.Seed, report.FormatDuration(int64(s.Total()))))
	}
	for _, e := range s.Events {
		p.line(e.At, e.Text)
		p.last, p.beat = s.Now, firstBeat
	}
	if s.Now-p.last >= p.beat {
		p.line(s.Now, progress(s))
		p.last, p.beat = s.Now, min(2*p.beat, slowBeat)
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
	if _, err := fmt.Fprintf(p.out, "%9s  %s\n", seconds(at), p.style.Printable(text)); err != nil {
		p.dead = true
	}
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
			return line + ", " + w.Name + " running " + seconds(w.Value)
		}
	}
	return line
}
