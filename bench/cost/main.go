package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/wsheal/wsheal/chaos/proc"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the whole command, or the part of it that a child plays.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var err error
	if part, ok := parts[first(args)]; ok {
		err = part(proc.WatchParent(ctx), args[1:], stdout)
	} else {
		err = compare(ctx, args, stdout, stderr)
	}
	switch {
	case err == nil:
		return 0
	case errors.Is(err, flag.ErrHelp):
		return 0
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "cost: interrupted")
		return 130
	}
	fmt.Fprintln(stderr, "cost:", err)
	if _, ok := errors.AsType[usageError](err); ok {
		return 2
	}
	return 1
}

func first(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

// settings are what the command line says.
type settings struct {
	only, clients     []string
	pairs, repeats    int
	conns, busy, lost int
	inFlight          int
	window            time.Duration
	seed              uint64
	out, profile      string
}

// usageError is a command line that makes no sense.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func parse(args []string, stderr io.Writer) (s settings, err error) {
	f := flag.NewFlagSet("cost", flag.ContinueOnError)
	f.SetOutput(stderr)
	only := f.String("only", "", "workloads, separated by commas, of "+strings.Join(workloadNames(), ", ")+"; none: all")
	clients := f.String("clients", "", "clients to compare with the bare one, separated by commas; none: all")
	f.IntVar(&s.pairs, "pairs", 10, "pairs of measurements per client and workload")
	f.IntVar(&s.repeats, "repeats", 2, "how often a pair is repeated while the machine is loaded by others, or after an error")
	f.IntVar(&s.conns, "conns", 2000, "connections of idle")
	f.IntVar(&s.busy, "busy", 100, "connections of echo and burst")
	f.IntVar(&s.lost, "lost", 5000, "connections of reconnect")
	f.IntVar(&s.inFlight, "inflight", 256, "dials at once; of idle at most 16")
	f.DurationVar(&s.window, "window", 2*time.Second, "how long echo and burst are measured, after a fourth of it to warm up")
	f.Uint64Var(&s.seed, "seed", uint64(time.Now().UnixNano()), "of the order within pairs")
	f.StringVar(&s.out, "out", "", "directory for cost.txt and bench.txt; none: they are only printed")
	f.StringVar(&s.profile, "profile", "", "directory for profiles, one per workload and client; profiled runs cost more")
	if err := f.Parse(args); err != nil {
		return s, usageError{err}
	}
	s.only, s.clients = split(*only), split(*clients)
	if f.NArg() > 0 {
		return s, usageError{fmt.Errorf("%q: expected flags alone", f.Args())}
	}
	return s, s.check()
}

func split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

// descriptorsBeside are those that a process needs beside its connections.
const descriptorsBeside = 64

// check names everything that is wrong.
func (s *settings) check() error {
	var errs []error
	for _, x := range []struct {
		flag string
		n    int
	}{{"pairs", s.pairs}, {"conns", s.conns}, {"busy", s.busy}, {"lost", s.lost}, {"inflight", s.inFlight}} {
		if x.n < 1 {
			errs = append(errs, fmt.Errorf("--%s %d: expected 1 or more", x.flag, x.n))
		}
	}
	if s.repeats < 0 {
		errs = append(errs, fmt.Errorf("--repeats %d: expected 0 or more", s.repeats))
	}
	if s.window <= 0 {
		errs = append(errs, fmt.Errorf("--window %v: expected a time", s.window))
	}
	for _, name := range s.only {
		if !slices.Contains(workloadNames(), name) {
			errs = append(errs, fmt.Errorf("--only %s: expected %s", name, strings.Join(workloadNames(), ", ")))
		}
	}
	for _, name := range s.clients {
		if !slices.Contains(rivalNames(), name) {
			errs = append(errs, fmt.Errorf("--clients %s: expected %s", name, strings.Join(rivalNames(), ", ")))
		}
	}
	limit, err := proc.RaiseDescriptorLimit()
	if most := max(s.conns, s.busy, s.lost) + s.inFlight + descriptorsBeside; err == nil && uint64(most) > limit {
		errs = append(errs, fmt.Errorf("%d descriptors are needed, the system allows %d", most, limit))
	}
	if len(errs) > 0 {
		return usageError{errors.Join(errs...)}
	}
	return nil
}
