package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/proc"
	"github.com/wsheal/wsheal/pool/policies"
	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/report/league"
	"github.com/wsheal/wsheal/scenarios"
	"github.com/wsheal/wsheal/scenarios/trial"
)

type trialFlags struct {
	scenarioFlags
	compareFlags
	policies []string
	all      bool
	told     []string
	gates    []string
	budget   time.Duration
	rounds   int
	parallel int
	out      string
	quiet    bool
}

// trialBudget is how long a trial may take when nobody says.
const trialBudget = 10 * time.Minute

func trialCommand(w *world) *cobra.Command {
	var f trialFlags
	cmd := &cobra.Command{
		Use:   "trial SCENARIO... --policy A --policy B...",
		Short: "Compare healing policies on the same faults, in a league table",
		Long: `Run every policy on the same faults, in turns and in random order, each round with one
seed, so that all draw the same random numbers; as many rounds as fit into the budget. What
it will take is printed beforehand. The result is a league table per scenario: recovery,
storm, amplification, synchronisation, loss, and efficiency against what the server's
capacity allows; which policies no other one beats in both recovery and storm (*), and a
plot of the two with the line that no policy can cross.

A policy is a name, a file, or NAME={base: …, …}. No policy sees the server's capacity:
results are held against it afterwards. One that was given it by its author (a window of
N/mu, for one) is marked with --told, and stands beside the others and not among them.

--gate 'mine not worse than default' judges as wsheal compare does, scenario by scenario,
and takes six rounds to prove anything.

Runs follow one another, since they fight for the CPU during each other's storms. With
--parallel so many run at once. That is quicker, and gives up that lateness of one
is no doing of another; a run for which the harness was unfit is still found out, and made
again. Use it where the server's capacity is waited and not burnt, and the machine idles.

Exits with 0 when no gate is broken and every policy has a run that proves something, 99
when a gate is broken, 75 when something is not proven. Ctrl-C keeps what is done; wsheal
report DIR computes the table again.`,
		Example: `  wsheal trial blip --policy default --policy naive --policy full-jitter
  wsheal trial trial-blip trial-outage trial-black-hole --all-policies --rounds 1 --parallel 6
  wsheal trial trial-blip --policy mine.yaml --policy default --gate 'mine not worse than default' --rounds 6 --metric recovery.t99
  wsheal trial trial-blip --policy default --policy 'window={base: uniform-window, backoff: {base: 0s, cap: 10s}}' --told window`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("trial takes scenarios, got none; wsheal scenarios lists the built-in ones")
			}
			return nil
		},
		ValidArgsFunction: completeScenarios,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runTrial(cmd.Context(), w, args, f)
		},
	}
	cmd.Flags().StringArrayVar(&f.set, "set", nil, "change a field in every scenario, as in clients.count=100; repeatable")
	cmd.Flags().BoolVar(&f.allowRemote, "allow-remote", false, "allow targets that are not on this host")
	cmd.Flags().StringArrayVar(&f.policies, "policy", nil, "a policy that takes part: a name, a file, or NAME={…}; repeatable")
	cmd.Flags().BoolVar(&f.all, "all-policies", false, "all built-in policies take part")
	cmd.Flags().StringArrayVar(&f.told, "told", nil, "a policy whose author knew the server's capacity; repeatable")
	cmd.Flags().StringArrayVar(&f.gates, "gate", nil, "what must hold, as in 'mine not worse than default'; repeatable")
	cmd.Flags().DurationVar(&f.budget, "budget", trialBudget, "how long it may take, where --rounds does not say how often")
	cmd.Flags().IntVar(&f.rounds, "rounds", 0, "how often every policy meets every scenario (default: as often as the budget allows)")
	cmd.Flags().IntVar(&f.parallel, "parallel", 1, "how many runs go on at once")
	cmd.Flags().StringVarP(&f.out, "out", "o", "", "directory of the trial (default runs/<time>-trial)")
	cmd.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "no progress on stderr")
	cmd.Flags().BoolVar(&f.json, "json", false, "print league.json instead of the text")
	f.registerRule(cmd)
	return cmd
}

// runTrial plans a trial, runs it, and says what came of it.
func runTrial(ctx context.Context, w *world, names []string, f trialFlags) error {
	plan, turns, err := f.plan(w, names)
	if err != nil {
		return usage(err)
	}
	limit, err := proc.RaiseDescriptorLimit()
	if err != nil {
		return internal(err)
	}
	dir, err := f.claimTrial()
	if err != nil {
		return usage(err)
	}
	if err := writePlan(dir, plan); err != nil {
		return internal(err)
	}
	var mu sync.Mutex
	count := 0
	say := func(format string, args ...any) {
		if !f.quiet {
			fmt.Fprintf(w.stderr, format+"\n", args...)
		}
	}
	at := ""
	if f.parallel > 1 {
		at = fmt.Sprintf(", %d at once", f.parallel)
	}
	say("%s: %s, %s, %s%s; about %s, into %s", many(len(turns), "run"), many(len(plan.Scenarios), "scenario"),
		manyPolicies(len(plan.Policies)), many(plan.Rounds, "round"), at, trial.Takes(turns, f.parallel).Round(time.Second), dir)
	_, err = trial.RunAll(ctx, turns, f.parallel, func(ctx context.Context, t trial.Turn) error {
		verdict, err := f.record(ctx, w, t, dir, int(limit))
		if err != nil || verdict == "" {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		count++
		say("%d of %d: %s, %s, seed %d: %s", count, len(turns), t.Scenario, t.Arm, t.Job.Scenario.Seed, verdict)
		return nil
	})
	switch {
	case ctx.Err() != nil:
		err = fmt.Errorf("interrupted after %d of %d runs, which are in %s", count, len(turns), dir)
		if count > 0 {
			_ = concludeTrial(w, dir, f.json) // its verdict is not that of the trial that was asked for
		}
		return &exitError{exitInterrupted, err}
	case err != nil:
		return setupExit(fmt.Errorf("%w (%d of %d runs are done, in %s)", err, count, len(turns), dir), false)
	}
	return concludeTrial(w, dir, f.json)
}

// plan reads the arguments and opens all scenarios.
func (f trialFlags) plan(w *world, names []string) (league.Plan, []trial.Turn, error) {
	none := league.Plan{}
	switch {
	case f.rounds < 0 || f.rounds > league.RoundsMost:
		return none, nil, fmt.Errorf("--rounds %d: expected 1 to %d", f.rounds, league.RoundsMost)
	case f.parallel < 1:
		return none, nil, fmt.Errorf("--parallel %d: expected 1 or more", f.parallel)
	case f.budget <= 0:
		return none, nil, fmt.Errorf("--budget %s: expected more than nothing", f.budget)
	}
	contenders, err := f.contenders()
	if err != nil {
		return none, nil, err
	}
	p := league.Plan{Schema: league.Schema, Rounds: 1, Parallel: f.parallel, Told: f.told, Rule: f.rule}
	for _, c := range contenders {
		p.Policies = append(p.Policies, c.name)
	}
	for _, text := range f.gates {
		g, err := league.ParseGate(text)
		if err != nil {
			return none, nil, fmt.Errorf("--gate %q: %w", text, err)
		}
		p.Gates = append(p.Gates, g)
	}
	var questions []trial.Question
	var seed uint64
	for i, name := range names {
		first, err := f.load(w, name)
		if err != nil {
			return none, nil, err
		}
		if first.Needs(chaos.ByKernel) {
			return none, nil, fmt.Errorf("%s: faults of the kernel take a network of their own, which a trial has not; expected one without", name)
		}
		if i == 0 {
			seed = first.Seed
		}
		if slices.Contains(p.Scenarios, first.Name) {
			return none, nil, fmt.Errorf("scenario %s is there twice, expected once", first.Name)
		}
		p.Scenarios = append(p.Scenarios, first.Name)
		questions = append(questions, trial.Question{Scenario: first.Name, Arms: f.arms(w, name, contenders)})
	}
	if err := p.Check(); err != nil {
		return none, nil, err
	}
	round, err := trial.Turns(questions, 1, seed)
	if err != nil {
		return none, nil, err
	}
	if p.Rounds = min(cmpRounds(f.rounds, trial.Fit(f.budget, round, f.parallel)), league.RoundsMost); p.Rounds == 0 {
		return none, nil, fmt.Errorf("one round of %s takes about %s, more than the budget of %s: expected a larger --budget, fewer policies, --parallel, or --rounds 1",
			many(len(round), "run"), trial.Takes(round, f.parallel).Round(time.Second), f.budget)
	}
	turns, err := trial.Turns(questions, p.Rounds, seed)
	p.Command = f.command(names)
	return p, turns, err
}

// cmpRounds is how many rounds were asked for, or else how many fit.
func cmpRounds(asked, fit int) int {
	if asked > 0 {
		return asked
	}
	return fit
}

// contender is a policy that takes part; set is the value of clients.policy.
type contender struct{ name, set string }

// contenderName is what a policy may be called in a trial: it names directories.
var contenderName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]*$`)

func (f trialFlags) contenders() ([]contender, error) {
	var out []contender
	add := func(name, set string) error {
		switch {
		case !contenderName.MatchString(name):
			return fmt.Errorf("--policy %s: expected a name, a file, or NAME={…}", set)
		case slices.ContainsFunc(out, func(c contender) bool { return c.name == name }):
			return fmt.Errorf("policy %s is there twice, expected once; NAME={base: …} gives it another name", name)
		}
		out = append(out, contender{name, set})
		return nil
	}
	if f.all {
		for _, name := range policies.Names() {
			if err := add(name, name); err != nil {
				return nil, err
			}
		}
	}
	for _, text := range f.policies {
		name, set, named := strings.Cut(text, "=")
		if !named || strings.ContainsAny(name, "{/") {
			set = text
			name = filepath.Base(text)
			for _, ext := range []string{".yaml", ".yml"} {
				name = strings.TrimSuffix(name, ext)
			}
		}
		if err := add(name, set); err != nil {
			return nil, err
		}
	}
	if len(out) == 0 {
		return nil, errors.New("expected policies to compare: --policy NAME, or --all-policies; wsheal policies lists them")
	}
	return out, nil
}

// arms of one scenario of the trial.
func (f trialFlags) arms(w *world, name string, contenders []contender) []trial.Arm {
	var arms []trial.Arm
	for _, c := range contenders {
		arms = append(arms, trial.Arm{Name: c.name, Open: func(seed uint64) (*scenarios.Scenario, error) {
			with := f.scenarioFlags
			with.set = append(append([]string{}, f.set...), "clients.policy="+c.set, fmt.Sprintf("seed=%d", seed))
			return with.load(w, name)
		}})
	}
	return arms
}

// command is the command line that repeats the trial, without its output directory.
func (f trialFlags) command(names []string) string {
	parts := []string{"wsheal trial"}
	for _, n := range names {
		parts = append(parts, shellQuote(n))
	}
	each := func(flag string, values []string) {
		for _, v := range values {
			parts = append(parts, flag+" "+shellQuote(v))
		}
	}
	if f.all {
		parts = append(parts, "--all-policies")
	}
	each("--policy", f.policies)
	each("--set", f.set)
	each("--told", f.told)
	each("--gate", f.gates)
	if f.rounds > 0 {
		parts = append(parts, fmt.Sprintf("--rounds %d", f.rounds))
	} else {
		parts = append(parts, fmt.Sprintf("--budget %s", f.budget))
	}
	if f.parallel > 1 {
		parts = append(parts, fmt.Sprintf("--parallel %d", f.parallel))
	}
	if f.allowRemote {
		parts = append(parts, "--allow-remote")
	}
	return strings.Join(parts, " ")
}

// claimTrial makes the directory of a trial its own.
func (f trialFlags) claimTrial() (string, error) {
	var d *runDir
	var err error
	if f.out != "" {
		d, err = claim(f.out)
	} else {
		d, err = claimNew(filepath.Join("runs", time.Now().Format("20060102-150405")+"-trial"))
	}
	if err != nil {
		return "", err
	}
	// What makes it one run's is not wanted.
	return d.path, errors.Join(d.release(), os.MkdirAll(d.path, 0o755))
}

// record makes one run of a trial, again where the harness was unfit for it; what was
// recorded before stays beside it and is in no table. A run that was interrupted is taken
// away: its verdict is "".
func (f trialFlags) record(ctx context.Context, w *world, t trial.Turn, root string, limit int) (report.Verdict, error) {
	path := filepath.Join(root, turnDir(t.Scenario, t.Arm, t.Round))
	for try := 1; ; try++ {
		dir, err := claim(path)
		if err != nil {
			return "", err
		}
		env := engineEnv(limit)
		env.Command = "wsheal run " + shellQuote(filepath.Join(path, scenarioFile))
		begun, err := recordRun(ctx, w, t.Job.Scenario, env, dir, showFlags{quiet: true}, nil)
		if !begun {
			err = errors.Join(err, dir.release())
		}
		if ctx.Err() != nil {
			return "", os.RemoveAll(path)
		}
		if err != nil {
			return "", err
		}
		source, err := openRun(path)
		if err != nil {
			return "", err
		}
		if err := recreate(path, source); err != nil {
			return "", err
		}
		if source.Summary.Verdict != report.Invalid || try == triesOfUnfit {
			return source.Summary.Verdict, nil
		}
		unfit := filepath.Join(filepath.Dir(path), fmt.Sprintf("%s%d-%s", armUnfit, try, filepath.Base(path)))
		if err := os.Rename(path, unfit); err != nil {
			return "", err
		}
	}
}

func many(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func manyPolicies(n int) string {
	if n == 1 {
		return "1 policy"
	}
	return fmt.Sprintf("%d policies", n)
}
