// Package fit is for tests that hold a real run against what must be true of it, on a
// machine that may be too busy for it.
package fit

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/wsheal/wsheal/report"
)

// tries is how often a run is made of which nothing can be said.
const tries = 6

// Judge makes a run and holds it against what check asserts. What holds, holds. Where it
// does not, and the run is invalid, the harness itself says that it was unfit: the run proves
// nothing, and is made again. What is found of the last counts, whatever it is.
func Judge(t testing.TB, run func() *report.Summary, check func(testing.TB, *report.Summary)) {
	t.Helper()
	for n := 1; ; n++ {
		sum := run()
		found := look(t, func(t testing.TB) { check(t, sum) })
		switch {
		case len(found) == 0:
			return
		case sum.Verdict != report.Invalid || n == tries:
			t.Fatalf("run %d is %s, %q:\n%s", n, sum.Verdict, sum.Reasons, strings.Join(found, "\n"))
		}
		t.Logf("run %d was invalid, %q, and is made again:\n%s", n, sum.Reasons, strings.Join(found, "\n"))
	}
}

// finder is a test whose findings may not count.
type finder struct {
	testing.TB
	found []string
}

func (f *finder) Errorf(format string, args ...any) {
	f.found = append(f.found, fmt.Sprintf(format, args...))
}

// FailNow ends the check's goroutine, as a test's own does.
func (f *finder) FailNow() { runtime.Goexit() }

// look returns what a check finds wrong. It is for assertions: of testing.TB's own ways to
// fail it has Errorf and FailNow.
func look(t testing.TB, check func(testing.TB)) []string {
	f := &finder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		check(f)
	}()
	<-done
	return f.found
}
