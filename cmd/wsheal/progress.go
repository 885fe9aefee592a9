package main

import (
	"context"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/report/live"
	"github.com/wsheal/wsheal/scenarios"
)

const frameEvery = 100 * time.Millisecond

// progress draws a run on stderr while it lasts.
type progress struct {
	w     *world
	track *live.Tracker
	quiet bool

	cancel context.CancelFunc
	done   chan struct{}
}

// show begins to draw; epoch is the run's time zero.
func (p *progress) show(epoch time.Time) {
	mode, style := view(p.w, p.w.stderr)
	if p.quiet || mode == live.None {
		return
	}
	var v live.View = live.NewPlain(p.w.stderr, style)
	if mode == live.Frame {
		v = live.NewTerminal(p.w.stderr, style, func() int {
			width, _ := p.w.terminal(p.w.stderr)
			return width
		})
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel, p.done = cancel, make(chan struct{})
	go func() {
		defer close(p.done)
		ticker := time.NewTicker(frameEvery)
		defer ticker.Stop()
		live.Run(ctx, p.track, v, ticker.C, func() time.Duration { return time.Since(epoch) })
	}()
}

// stop draws the last frame, if anything was drawn at all.
func (p *progress) stop() {
	if p.cancel != nil {
		p.cancel()
		<-p.done
	}
}

func livePlan(s *scenarios.Scenario) live.Plan {
	plan := live.Plan{
		Scenario: s.Name, Policy: s.Clients.Policy.Name, Seed: s.Seed,
		Clients: s.Clients.Count, Sharing: s.Clients.Sharing == scenarios.Shared, Rate: s.Load.Rate, Hold: s.Hold,
	}
	for _, p := range s.Phases {
		plan.Phases = append(plan.Phases, live.Phase{Name: p.Name, From: p.From, To: p.To})
	}
	for _, f := range s.Faults {
		plan.Faults = append(plan.Faults, live.Fault{Name: f.Name, Kind: f.Effect.Kind(), Share: f.Share, At: f.At, For: f.For})
	}
	return plan
}

// view is how to draw on a stream.
func view(w *world, out io.Writer) (live.Mode, report.Style) {
	width, tty := w.terminal(out)
	mode, style, err := live.Choose(live.Surroundings{Terminal: tty, Width: width, Getenv: w.getenv})
	if err != nil {
		panic(err) // only an unknown UI is an error, and none is asked for
	}
	return mode, style
}

func textStyle(w *world) report.Style {
	_, style := view(w, w.stdout)
	return style
}

func terminalWidth(out io.Writer) (int, bool) {
	f, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0, true
	}
	return width, true
}
