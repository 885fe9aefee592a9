package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/wsheal/wsheal/report"
)

// exits runs a command and asserts its exit code, or that it is one of some: `exits 2 wsheal
// run bad.yaml`. A run that is invalid where another exit is expected is made again.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE[,CODE…] COMMAND [ARG …]")
	}
	var want []int
	for _, text := range strings.Split(args[0], ",") {
		code, err := strconv.Atoi(text)
		ts.Check(err)
		want = append(want, code)
	}
	got := exitOf(ts, args[1:])
	for n := 1; got == exitInconclusive && !slices.Contains(want, got) && n < tries; n++ {
		out := outOf(args[1:])
		if out == "" || !invalid(ts.MkAbs(out)) {
			break
		}
		ts.Logf("%v: run %d was invalid", args[1:], n)
		ts.Check(os.RemoveAll(ts.MkAbs(out)))
		got = exitOf(ts, args[1:])
	}
	if !slices.Contains(want, got) {
		ts.Fatalf("%v: exit code %d, expected %s", args[1:], got, args[0])
	}
}

func exitOf(ts *testscript.TestScript, command []string) int {
	err := ts.Exec(command[0], command[1:]...)
	if err == nil {
		return exitPass
	}
	e, ok := err.(interface{ ExitCode() int })
	if !ok {
		ts.Fatalf("%v: %v", command, err)
	}
	return e.ExitCode()
}

// outOf is the directory that a `wsheal run` leaves; "" of any other command.
func outOf(args []string) string {
	i := slices.Index(args, "--out")
	if i < 2 || i+1 == len(args) || args[0] != "wsheal" || args[1] != "run" {
		return ""
	}
	return args[i+1]
}

// invalid says whether the run that left a directory says so of itself.
func invalid(dir string) bool {
	text, err := os.ReadFile(filepath.Join(dir, summaryFile))
	var s struct{ Verdict report.Verdict }
	return err == nil && json.Unmarshal(text, &s) == nil && s.Verdict == report.Invalid
}
