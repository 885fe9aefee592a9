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

const (
	frameEvery = 100 * time.Millisecond
	// drawLimit is how long the last frame may take: a terminal that is held, or a pipe that
	// nobody empties, must not keep the run from its report.
	drawLimit = 2 * time.Second
)

// progress shows a run while it lasts: on stderr, and to those who look at its page.
type progress struct {
	w     *world
	track *live.Tracker
	page  *servedPage // nil: there is none
	showFlags

	epoch  time.Time
	warn   func() bool // no more warning of an interruption
	cancel context.CancelFunc
	done   chan struct{}
}

// show begins to draw; epoch is the run's time zero, and ctx ends when it is interrupted.
func (p *progress) show(ctx context.Context, epoch time.Time) {
	views := p.views(epoch)
	if len(views) == 0 {
		return
	}
	p.epoch, p.done = epoch, make(chan struct{})
	p.warn = context.AfterFunc(ctx, func() {
		p.track.Note(time.Since(epoch), "interrupted: faults are cleared and the report is written; once more ends it at once")
	})
	drawing, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	go func() {
		defer close(p.done)
		ticker := time.NewTicker(frameEvery)
		defer ticker.Stop()
		live.Run(drawing, p.track, views, ticker.C, func() time.Duration { return time.Since(epoch) })
	}()
}

// views are all that want to see the run's states.
func (p *progress) views(epoch time.Time) (all live.Views) {
	if p.page != nil {
		all = append(all, p.page)
	}
	mode, style := view(p.w, p.w.stderr, p.ui)
	switch {
	case p.quiet || mode == live.None:
	case p.log != nil:
		all = append(all, live.NewJSON(p.log, epoch))
	case mode == live.Frame:
		all = append(all, live.NewTerminal(p.w.stderr, style, func() (int, int) {
			width, height, _ := p.w.terminal(p.w.stderr)
			return width, height
		}))
	default:
		all = append(all, live.NewPlain(p.w.stderr, style))
	}
	return all
}

// stop draws the last frame, if anything was drawn at all.
func (p *progress) stop() {
	if p.cancel == nil {
		return
	}
	p.warn()
	p.cancel()
	select {
	case <-p.done:
	case <-time.After(drawLimit):
	}
}

func livePlan(s *scenarios.Scenario) live.Plan {
	plan := live.Plan{
		Scenario: s.Name, Policy: s.Clients.Policy.Name, Seed: s.Seed,
		Clients: s.Clients.Count, Sharing: s.Clients.Sharing == scenarios.Shared, Rate: s.Load.Answers(), Hold: s.Hold,
	}
	for _, p := range s.Phases {
		plan.Phases = append(plan.Phases, live.Phase{Name: p.Name, From: p.From, To: p.To})
	}
	for _, f := range s.Faults {
		plan.Faults = append(plan.Faults, live.Fault{Name: f.Name, Kind: f.Effect.Kind(), Share: f.Share, At: f.At, For: f.For})
	}
	return plan
}

// view is how to draw on a stream; ui is what was asked for, as check has let through.
func view(w *world, out io.Writer, ui string) (live.Mode, report.Style) {
	width, _, tty := w.terminal(out)
	mode, style, err := live.Choose(live.Surroundings{UI: ui, Terminal: tty, Width: width, Getenv: w.getenv})
	if err != nil {
		panic(err) // only an unknown UI is an error
	}
	return mode, style
}

func textStyle(w *world) report.Style {
	_, style := view(w, w.stdout, "")
	return style
}

// terminalSize is how large the terminal behind a stream is, 0 where it does not say; ok is
// false where there is none.
func terminalSize(out io.Writer) (width, height int, ok bool) {
	f, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, 0, false
	}
	width, height, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0, 0, true
	}
	return width, height, true
}
