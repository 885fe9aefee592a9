package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/foreign"
	"github.com/wsheal/wsheal/chaos/ledger"
)

// restoreTime bounds the putting right of one thing.
const restoreTime = time.Minute

// restorers put right what an entry of the ledger says, by what it was broken with. What
// is right already is no error.
var restorers = map[chaos.Backend]func(context.Context, ledger.Entry) error{
	chaos.ByToxiproxy: foreign.Restore,
}

func clearCommand(w *world) *cobra.Command {
	return &cobra.Command{
		Use:   "clear",
		Short: "Undo what a run that was killed has left broken",
		Long: `Undo what a run that was killed has left broken in a toxiproxy-server or in the kernel.
Faults of the fault proxy, of targets and of processes end with the run, however it ends;
these outlive it. Each is written down before it is made, in a file that belongs to the
run, below the user's configuration directory or where WSHEAL_LEDGER says. Runs that go
on are left alone. To clear what is clear already does no harm.

Exits 1 when something could not be put right; it stays written down.`,
		Example: "  wsheal clear",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return internal(clearLeft(cmd.Context(), w)) },
	}
}

// clearLeft puts right whatever was left.
func clearLeft(ctx context.Context, w *world) error {
	dir, err := ledger.Dir(w.getenv)
	if err != nil {
		return err
	}
	left, err := ledger.Left(dir)
	errs := []error{err}
	n := 0
	for _, l := range left {
		for _, number := range slices.Sorted(maps.Keys(l.Entries)) {
			e := l.Entries[number]
			n++
			if err := restore(ctx, e); err != nil {
				errs = append(errs, fmt.Errorf("left by process %d: %w", e.PID, err))
				continue
			}
			errs = append(errs, l.Strike(number))
			fmt.Fprintf(w.stdout, "cleared %s, left by process %d\n", placeOf(e), e.PID)
		}
		errs = append(errs, l.Close())
	}
	if n == 0 && err == nil {
		fmt.Fprintln(w.stdout, "nothing is left")
	}
	return errors.Join(errs...)
}

func restore(ctx context.Context, e ledger.Entry) error {
	by, ok := restorers[e.By]
	if !ok {
		return fmt.Errorf("%s: this wsheal does not know how to clear what is broken by %q", placeOf(e), e.By)
	}
	ctx, cancel := context.WithTimeout(ctx, restoreTime)
	defer cancel()
	return by(ctx, e)
}

// placeOf says where an entry is: "toxiproxy proxy wsheal_1_blue, url http://…".
func placeOf(e ledger.Entry) string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(e.Where)) {
		words = append(words, name+" "+e.Where[name])
	}
	return string(e.By) + " " + strings.Join(words, ", ")
}
