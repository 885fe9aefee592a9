package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes this test binary the wsheal command too, for the scripts and for the
// children that a run starts.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"wsheal": main})
}

// TestScripts runs every txtar script of testdata/script. Exit codes are asserted by
// `exits CODE COMMAND…`.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "../../testdata/script",
		Cmds:          map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
	})
}
