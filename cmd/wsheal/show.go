package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsheal/wsheal/report/live"
	"github.com/wsheal/wsheal/report/serve"
)

// showFlags say how a run is shown while it goes on.
type showFlags struct {
	ui     string
	quiet  bool
	format string
	serve  string // where; empty: nowhere
	stay   bool

	log *live.Log // nil: text
}

const (
	asText = "text"
	asJSON = "json"
)

func (f *showFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.ui, "ui", "auto", "how progress is shown: auto, live (redrawn in place), plain (lines), none")
	cmd.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "no progress on stderr")
	cmd.Flags().StringVar(&f.format, "log-format", asText, "what stderr is written as: text, or json (one event a line, by the names of ECS)")
	cmd.Flags().StringVar(&f.serve, "serve", "", "serve the run's page and /metrics while it goes on, as in 127.0.0.1:0")
	cmd.Flags().BoolVar(&f.stay, "stay", false, "with --serve: go on serving the report after the run, until Ctrl-C")
	fixed(cmd, "ui", "auto", "live", "plain", "none")
	fixed(cmd, "log-format", asText, asJSON)
	fixed(cmd, "serve", "127.0.0.1:0")
}

// check says what is wrong with how a run, or a series of them, is to be shown.
func (f *showFlags) check(many bool) error {
	_, _, err := live.Choose(live.Surroundings{UI: f.ui, Getenv: func(string) string { return "" }})
	if err != nil {
		return fmt.Errorf("--%w", err)
	}
	if f.serve != "" {
		if f.serve, err = serve.Address(f.serve); err != nil {
			return fmt.Errorf("--%w", err)
		}
	}
	switch {
	case f.format != asText && f.format != asJSON:
		return fmt.Errorf("--log-format %q: expected text or json", f.format)
	case f.ui == "live" && f.quiet:
		return errors.New("--ui live and --quiet exclude each other")
	case f.ui == "live" && f.format == asJSON:
		return errors.New("--ui live and --log-format json exclude each other: a picture is not a log")
	case f.stay && f.serve == "":
		return errors.New("--stay: expected --serve with it")
	case f.serve != "" && many:
		return errors.New("--serve: expected one run, and not --repeat or --against")
	}
	return nil
}

// open makes the log, where one was asked for.
func (f *showFlags) open(w *world) {
	if f.format == asJSON {
		f.log = live.NewLog(w.stderr, version())
	}
}

// say tells something that is neither result nor progress.
func (f *showFlags) say(w *world, e live.Entry) {
	if f.log == nil {
		fmt.Fprintln(w.stderr, e.Message)
		return
	}
	e.At = time.Now()
	f.log.Write(e)
}

// told logs an error, so that nothing but events comes to stderr.
func (f *showFlags) told(err error) error {
	if err == nil || err.Error() == "" || f.log == nil {
		return err
	}
	code := exitInternal
	if e, ok := errors.AsType[*exitError](err); ok {
		code = e.code
	}
	f.log.Write(live.Entry{At: time.Now(), Level: live.Bad, Action: "run.failed", Message: err.Error(), Error: err.Error(), Outcome: "failure"})
	return &exitError{code, nil}
}

// judged logs what the exit code will say.
func (f *showFlags) judged(verdict error) {
	if f.log == nil {
		return
	}
	e := live.Entry{At: time.Now(), Action: "run.judged", Message: "pass", Outcome: "success"}
	if x, ok := errors.AsType[*exitError](verdict); ok {
		switch x.code {
		case exitFail:
			e.Message, e.Outcome = "fail: a gate is broken", "failure"
		case exitInconclusive:
			e.Message, e.Outcome = "inconclusive or invalid: nothing was proven", "unknown"
		default:
			return // which is told as an error
		}
	}
	f.log.Write(e)
}
