package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"
)

// TestMain makes this test binary the wsheal command too, for the scripts and for the
// children that a run starts.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"wsheal": main})
}

// TestScripts runs every txtar script of testdata/script. Exit codes are asserted by
// `exits CODE COMMAND…`; $JOURNALS has runs whose numbers are known, $AA many of
// one policy.
func TestScripts(t *testing.T) {
	journals, err := filepath.Abs("../../testdata/journals")
	require.NoError(t, err)
	testscript.Run(t, testscript.Params{
		Dir: "../../testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("JOURNALS", journals)
			env.Setenv("AA", filepath.Join(journals, "..", "aa"))
			return nil
		},
		Cmds:          map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
	})
}
