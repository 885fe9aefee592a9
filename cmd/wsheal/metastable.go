package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsheal/wsheal/chaos/proc"
	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/scenarios"
	"github.com/wsheal/wsheal/scenarios/engine"
	"github.com/wsheal/wsheal/scenarios/trial"
)

func kickCommand(w *world) *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "kick SCENARIO",
		Short: "Test whether a fleet that does not come back keeps its server down by itself",
		Long: `Run a scenario until ten times its floor after the fault, and if the fleet is still down
then, hold all clients back until the server has worked off what waits, and let them in
evenly over the time that it needs for all of them. Nothing is mended by that: if all come
back, their own attempts had kept the server down, and the failure was self-sustained.

The target is one embedded server of known capacity. The run's recovery phase is made as
long as the test takes, which is told beforehand. Exits with 0 when the test said something,
whatever it was, and 75 when it did not.`,
		Example:           "  wsheal kick metastable --set 'clients.policy={base: fixed, handshake_timeout: 1s}'",
		Args:              oneScenario,
		ValidArgsFunction: completeScenarios,
		RunE:              func(cmd *cobra.Command, args []string) error { return runKick(cmd.Context(), w, args[0], f) },
	}
	metastableFlags(cmd, &f)
	return cmd
}

func metastableFlags(cmd *cobra.Command, f *runFlags) {
	cmd.Flags().StringArrayVar(&f.set, "set", nil, "change a field, as in clients.count=500; repeatable")
	cmd.Flags().StringVarP(&f.out, "out", "o", "", "directory of the runs (default runs/<time>-<scenario>)")
	cmd.Flags().BoolVar(&f.json, "json", false, "print the result as JSON")
	cmd.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "no progress on stderr")
}

// with is the flags with further changes.
func (f runFlags) with(changes ...string) runFlags {
	f.set = append(append([]string{}, f.set...), changes...)
	return f
}

// toldRecovery is the change that gives a run another recovery phase; what its gates say of
// a shorter one is left out.
func toldRecovery(d time.Duration) []string {
	return []string{fmt.Sprintf("phases.recovery=%v", d), "gates=[messages.lost >= 0]"}
}

func runKick(ctx context.Context, w *world, name string, f runFlags) error {
	s, err := f.load(w, name)
	if err != nil {
		return usage(err)
	}
	_, recovery, err := trial.NewKick(s)
	if err != nil {
		return usage(err)
	}
	asked := f
	f = f.with(toldRecovery(recovery)...)
	if s, err = f.load(w, name); err != nil {
		return usage(err)
	}
	dir, limit, err := f.ready(s.Name)
	if err != nil {
		return err
	}
	tell := f.teller(w)
	tell(fmt.Sprintf("about %s, into %s", s.End().Round(time.Second), dir))
	command := "wsheal kick " + quoted(name, asked)
	var r trial.KickResult
	for try := 1; ; try++ {
		kick, _, err := trial.NewKick(s)
		if err != nil {
			return usage(err)
		}
		kick.Tell = func(format string, args ...any) { tell(fmt.Sprintf(format, args...)) }
		env := kick.Watch(ctx, engineEnv(limit))
		env.Command = command
		summary, err := recordAs(ctx, w, s, filepath.Join(dir, fmt.Sprintf("%s-%03d", armOnly, try)), env)
		switch {
		case ctx.Err() != nil:
			return &exitError{exitInterrupted, fmt.Errorf("interrupted before the test was over; its run is in %s", dir)}
		case err != nil:
			return setupExit(err, false)
		}
		if r = kick.Judge(summary); r.Verdict != report.Invalid || try == triesOfUnfit {
			break
		}
		tell("the harness was unfit, so once more: " + strings.Join(summary.Reasons, "; "))
	}
	if err := unread(printKick(w.stdout, s, r, f.json)); err != nil {
		return internal(err)
	}
	return verdictExit(r.Verdict)
}

func printKick(out io.Writer, s *scenarios.Scenario, r trial.KickResult, asJSON bool) error {
	if asJSON {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		return enc.Encode(r)
	}
	_, err := fmt.Fprintf(out, "%s: %s with policy %s, %d clients, floor %.2f s\n  %s\n  %.0f s after the fault the server had %.0f %% of the clients; %.0f %% of its work was for clients that had left\n",
		strings.ToUpper(r.State), s.Name, s.Clients.Policy.Name, s.Clients.Count, r.Floor, r.Why, 10*r.Floor, 100*r.Before, 100*r.Useless)
	if r.At > 0 {
		_, more := fmt.Fprintf(out, "  held back at %.1f s with %d handshakes waiting, let in again from %.1f s; %.0f %% usable at the end\n", r.At, r.Queue, r.Resumed, 100*r.After)
		err = errors.Join(err, more)
	}
	return err
}

// ready raises the limits and makes the directory of a series.
func (f runFlags) ready(scenario string) (dir string, limit int, err error) {
	fds, err := proc.RaiseDescriptorLimit()
	if err != nil {
		return "", 0, internal(err)
	}
	dir, err = f.seriesDir(scenario)
	return dir, int(fds), usage(err)
}

// recordAs makes one run in a directory of its own, and reads what came of it.
func recordAs(ctx context.Context, w *world, s *scenarios.Scenario, path string, env engine.Env) (*report.Summary, error) {
	dir, err := claim(path)
	if err != nil {
		return nil, err
	}
	begun, err := recordRun(ctx, w, s, env, dir, showFlags{quiet: true}, nil)
	if !begun {
		return nil, errors.Join(err, dir.release())
	}
	source, more := openRun(path)
	if more != nil {
		return nil, errors.Join(err, more)
	}
	return source.Summary, errors.Join(err, recreate(path, source))
}

func nstarCommand(w *world) *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "nstar SCENARIO",
		Short: "Measure the largest fleet that comes back, and hold it against the law",
		Long: `Predict N*, the largest fleet that comes back to a server which works also for clients
that have left: mu handshakes a second, times twice the clients' handshake timeout and the
mean delay of their policy at its cap. Then measure it: fleets of 70, 84, 116 and 130 % of
N*, and what lies between by halving. A fleet that is not back within ten times its floor
counts as lost.

Exits with 0 when every run of a fleet below 85 % and above 115 % of N* did what was
predicted, 99 when one did not, 75 when a run proved nothing.`,
		Example:           "  wsheal nstar metastable --set 'clients.policy={base: fixed, handshake_timeout: 1s}'",
		Args:              oneScenario,
		ValidArgsFunction: completeScenarios,
		RunE:              func(cmd *cobra.Command, args []string) error { return runNStar(cmd.Context(), w, args[0], f) },
	}
	metastableFlags(cmd, &f)
	cmd.Flags().IntVar(&f.repeat, "repeat", 3, "run each size so often")
	return cmd
}

func runNStar(ctx context.Context, w *world, name string, f runFlags) error {
	if f.repeat < 1 {
		return usage(fmt.Errorf("--repeat %d: expected 1 or more", f.repeat))
	}
	s, err := f.load(w, name)
	if err != nil {
		return usage(err)
	}
	law, err := trial.LawOf(s)
	if err != nil {
		return usage(err)
	}
	var first []trial.Job
	for _, n := range law.FirstSizes() {
		for round := range f.repeat {
			sized, _, err := f.sized(w, name, s, law, n, round)
			if err != nil {
				return usage(err)
			}
			first = append(first, trial.Job{Scenario: sized})
		}
	}
	dir, limit, err := f.ready(s.Name)
	if err != nil {
		return err
	}
	tell := f.teller(w)
	tell(fmt.Sprintf("N* = %.0f by the law; %d runs, about %s, and then those between, into %s", law.NStar(), len(first), trial.Length(first).Round(time.Second), dir))
	made := 0
	result, err := trial.FindNStar(ctx, law, f.repeat, func(ctx context.Context, n, round int) (bool, error) {
		back, err := f.recovers(ctx, w, name, s, law, n, round, dir, limit)
		if err != nil {
			return false, err
		}
		made++
		came := "did not come back"
		if back {
			came = "came back"
		}
		tell(fmt.Sprintf("run %d: %d clients, seed %d: %s", made, n, s.Seed+uint64(round), came))
		return back, nil
	})
	switch {
	case ctx.Err() != nil:
		return &exitError{exitInterrupted, fmt.Errorf("interrupted after %d runs, which are in %s", made, dir)}
	case errors.Is(err, errUnproven):
		return &exitError{exitInconclusive, err}
	case err != nil:
		return setupExit(err, false)
	}
	if err := unread(printNStar(w.stdout, result, f.json)); err != nil {
		return internal(err)
	}
	return verdictExit(result.Verdict())
}

var errUnproven = errors.New("a run proved nothing, each time that it was made")

// sized is the scenario with a fleet of n, and the flags that make it so.
func (f runFlags) sized(w *world, name string, s *scenarios.Scenario, law trial.Law, n, round int) (*scenarios.Scenario, runFlags, error) {
	floor := time.Duration(float64(n) / law.Mu * float64(time.Second))
	// The ramp is slower than the server, and the warmup a little longer.
	once := f.with(append(toldRecovery((10*floor + s.Hold).Round(time.Second)), fmt.Sprintf("clients.count=%d", n), fmt.Sprintf("seed=%d", s.Seed+uint64(round)),
		fmt.Sprintf("clients.ramp=%v", floor*5/4), fmt.Sprintf("phases.warmup=%v", (floor*5/4).Round(time.Second)+2*time.Second))...)
	sized, err := once.load(w, name)
	return sized, once, err
}

// recovers runs a fleet of n and says whether it was back within ten times its floor. A run
// for which the harness was unfit is made again.
func (f runFlags) recovers(ctx context.Context, w *world, name string, s *scenarios.Scenario, law trial.Law, n, round int, dir string, limit int) (bool, error) {
	sized, once, err := f.sized(w, name, s, law, n, round)
	if err != nil {
		return false, err
	}
	for try := 1; ; try++ {
		path := filepath.Join(dir, fmt.Sprintf("n%04d-%03d", n, round+1))
		if try > 1 {
			path += fmt.Sprintf("-again%d", try-1)
		}
		env := engineEnv(limit)
		env.Command = "wsheal run " + quoted(name, once)
		summary, err := recordAs(ctx, w, sized, path, env)
		switch {
		case err != nil || ctx.Err() != nil:
			return false, errors.Join(err, ctx.Err())
		case summary.Verdict == report.Pass || summary.Verdict == report.Fail:
			_, back := summary.Metrics["recovery.t99"]
			return back, nil
		case try == triesOfUnfit:
			return false, fmt.Errorf("%s: %w: %s", path, errUnproven, strings.Join(summary.Reasons, "; "))
		}
	}
}

func printNStar(out io.Writer, s trial.Search, asJSON bool) error {
	if asJSON {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		return enc.Encode(s)
	}
	fmt.Fprintf(out, "N* = %.0f by the law: mu %.4g/s x (2 x %v + %v)\n\n", s.NStar, s.Law.Mu, s.Law.Tau, s.Law.Backoff)
	tw := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tw, "clients\tof N*\trecovered\tpredicted\tagrees\t")
	for _, p := range s.Points {
		agrees := "yes"
		switch {
		case p.Predicted == "doubtful":
			agrees = "-"
		case !p.Agrees:
			agrees = "NO"
		}
		fmt.Fprintf(tw, "%d\t%.2f\t%d of %d\t%s\t%s\t\n", p.N, p.Share, p.Recovered, p.Runs, p.Predicted, agrees)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\nmeasured: %d come back, %d do not\n", s.Low, s.High)
	return err
}
