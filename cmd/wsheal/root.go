package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes; every failure class has its own, and the help lists them.
const (
	exitPass         = 0
	exitInternal     = 1
	exitUsage        = 2
	exitInconclusive = 75 // inconclusive or invalid: EX_TEMPFAIL of sysexits.h, "try again"
	exitFail         = 99
	exitInterrupted  = 130
)

// world is what a command may touch of the process around it, so that tests can call
// commands without one.
type world struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	lookupEnv      func(string) (string, bool)
	terminal       func(io.Writer) (width, height int, ok bool)
}

func system() *world {
	return &world{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		getenv: os.Getenv, lookupEnv: os.LookupEnv, terminal: terminalSize,
	}
}

// exitError carries an exit code up to execute. A nil err prints nothing: what there
// was to say has been said.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// usage marks an error as the user's to mend.
func usage(err error) error {
	if err == nil {
		return nil
	}
	return &exitError{exitUsage, err}
}

// internal marks an error as none of the user's: output that cannot be written, for one.
func internal(err error) error {
	if err == nil {
		return nil
	}
	return &exitError{exitInternal, err}
}

// execute runs one command line and returns its exit code.
func execute(args []string, w *world) int {
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup
		ends = append(ends, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	defer stop()
	// Whoever reads our output may stop; the write then fails, and the run goes on.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	// The first signal ends the run in order; with the handler gone, a second one ends
	// the process, and the children with it.
	context.AfterFunc(ctx, stop)

	root := newRoot(w)
	root.SetArgs(args)
	root.SetIn(w.stdin)
	root.SetOut(w.stdout)
	root.SetErr(w.stderr)
	if endsAtOnce(root, args) {
		stop()
	}
	err := root.ExecuteContext(ctx)
	code := exitOfError(err)
	if code == exitPass {
		return code
	}
	if text := err.Error(); text != "" {
		fmt.Fprintln(w.stderr, text)
	}
	return code
}

// exitOfError is the exit code of what a command returned.
func exitOfError(err error) int {
	if err == nil || seenEnough(err) {
		return exitPass
	}
	if e, ok := errors.AsType[*exitError](err); ok {
		return e.code
	}
	return exitUsage // what cobra itself finds wrong: an unknown command, flag or argument
}

// seenEnough says whether all that is wrong is that the reader of our output went away, and
// no other pipe: a proxy that did is no pass.
func seenEnough(err error) bool {
	e, ok := errors.AsType[*fs.PathError](err)
	return ok && e.Path == os.Stdout.Name() && errors.Is(e, syscall.EPIPE)
}

// endsAtOnce says whether a signal ends a command where it stands: it has nothing under way
// but reading files and writing others, each of which appears whole or not at all.
func endsAtOnce(root *cobra.Command, args []string) bool {
	cmd, _, err := root.Find(args)
	return err == nil && slices.Contains([]string{"report", "merge", "compare", "save", "check", "validate"}, cmd.Name())
}

func newRoot(w *world) *cobra.Command {
	root := &cobra.Command{
		Use:   "wsheal",
		Short: "Do WebSocket connections heal, how fast, and does the healing do damage?",
		Long: `wsheal drives a fleet of WebSocket clients by a script, breaks things on purpose, and
measures recovery time, reconnect storms and tail latency.

Exit codes: 0 pass · 99 a gate failed · 75 inconclusive or invalid: nothing was proven ·
2 bad usage or scenario · 1 internal error · 130 interrupted.`,
		Example: `  wsheal run reset-storm
  wsheal run reset-storm --set clients.policy=naive --set clients.count=500
  wsheal run my-scenario.yaml --out runs/today
  wsheal report runs/today`,
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetVersionTemplate("wsheal {{.Version}}\n")
	root.AddCommand(
		runCommand(w), caseCommand(w), kickCommand(w), nstarCommand(w), trialCommand(w), reportCommand(w), mergeCommand(w), compareCommand(w), baselineCommand(w), validateCommand(w),
		scenariosCommand(w), policiesCommand(w), faultsCommand(w), metricsCommand(w), schemaCommand(w),
		selftestCommand(w),
		proxyCommand(w), targetCommand(w), clearCommand(w), versionCommand(w),
	)
	return root
}
