package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/report/export"
	"github.com/wsheal/wsheal/report/live"
	"github.com/wsheal/wsheal/report/serve"
)

// leaveLimit is how long the pages that are open may take to get the report.
const leaveLimit = 3 * time.Second

// servedPage is the run as it is served; nil where it is not.
type servedPage struct{ *serve.Server }

// serveRun begins to serve, where that was asked for, and says where.
func (f *showFlags) serveRun(w *world) (*servedPage, error) {
	if f.serve == "" {
		return nil, nil
	}
	s, err := serve.Listen(f.serve)
	if err != nil {
		return nil, err
	}
	f.say(w, live.Entry{Action: "serve", Message: "serving " + s.URL(), URL: s.URL()})
	return &servedPage{s}, nil
}

// record has the report of what is in dir so far served.
func (p *servedPage) record(dir string) {
	if p == nil {
		return
	}
	p.Record(func(out io.Writer) error {
		s, err := summarise(dir)
		if err != nil {
			return err
		}
		return report.WriteHTML(out, goesOn(s))
	})
}

// goesOn is the summary of a run that is not over: it has no verdict yet, its gates hold or
// are broken so far, and that its journal has no end is as it should be.
func goesOn(s *report.Summary) *report.Summary {
	s.Verdict, s.Reasons = "", []string{fmt.Sprintf("the run goes on: this is its first %s", report.FormatDuration(s.Duration))}
	s.Ended = report.End{Reason: "not yet"}
	for i := range s.Gates {
		s.Gates[i].Why = strings.TrimSuffix("so far: "+s.Gates[i].Why, ": ")
	}
	return s
}

// finish serves the report of the run in dir, and where that was asked for goes on until
// it is interrupted.
func (p *servedPage) finish(ctx context.Context, w *world, dir string, f showFlags) {
	if p == nil {
		return
	}
	final, err := finalPage(dir)
	if err != nil {
		f.say(w, live.Entry{Action: "serve", Level: live.Warn, Message: "serve the report: " + err.Error(), Error: err.Error()})
		return
	}
	p.Finish(final)
	if f.stay && ctx.Err() == nil {
		f.say(w, live.Entry{Action: "serve", Message: "the report stays at " + p.URL() + " until Ctrl-C", URL: p.URL()})
		<-ctx.Done()
	}
}

func finalPage(dir string) (serve.Final, error) {
	source, err := openRun(dir)
	if err != nil {
		return serve.Final{}, err
	}
	var page, metrics bytes.Buffer
	if err := report.WriteHTML(&page, source.Summary); err != nil {
		return serve.Final{}, err
	}
	formats, err := export.Parse("prom")
	if err != nil {
		return serve.Final{}, err
	}
	if err := formats[0].Write(&metrics, source); err != nil {
		return serve.Final{}, err
	}
	return serve.Final{Page: page.Bytes(), Metrics: metrics.Bytes()}, nil
}

// leave ends the serving.
func (p *servedPage) leave() {
	if p == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), leaveLimit)
	defer cancel()
	_ = p.Leave(ctx) // past its limit it closes by force, which is all that is left to do
}
