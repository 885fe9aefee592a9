package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report/compare"
)

const (
	recordedDefault = "../../testdata/aa/default.json"
	recordedSlower  = "../../testdata/aa/slower.json"
	recordedAgain   = "../../testdata/aa/again.json"
)

// call runs one command line and returns its exit code and output.
func call(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	w := system()
	w.stdout, w.stderr = &out, &errs
	code = execute(args, w)
	return code, out.String(), errs.String()
}

func TestCompareExits(t *testing.T) {
	dir := t.TempDir()
	baseline := filepath.Join(dir, "baseline.json")
	code, out, errs := call(t, "baseline", "save", baseline, recordedDefault, "--metric", "recovery.t99", "--metric", "messages.lost", "--margin", "15%")
	require.Zero(t, code, errs)
	assert.Contains(t, out, "runs 120, of aa")
	assert.Contains(t, out, "recovery.t99: as many new runs show a change of +")
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"compare", recordedSlower, "--against", recordedDefault}, exitFail, "✗ FAIL 3 metrics of 5 worse by more than 10 %, in 120 pairs"},
		{[]string{"compare", "--against", recordedDefault, "--margin", "50%", recordedSlower}, exitUsage, "0 new and 240 old runs, expected some of both"},
		{[]string{"compare", recordedSlower, "--margin", "50%", "--against", recordedDefault}, exitPass, "✓ PASS none of 5 metrics worse by more than 50 %"},
		{[]string{"compare", recordedAgain, "--against", recordedDefault}, exitPass, "✓ PASS"},
		{[]string{"compare", recordedDefault, "--against", recordedSlower, "--metric", "storm.peak_100ms"}, exitFail, "storm.peak_100ms"},
		{[]string{"baseline", "check", baseline, recordedSlower}, exitFail, "worse by more than 15 %"},
		{[]string{"baseline", "check", baseline, recordedAgain, "--markdown"}, exitPass, "| recovery.t99 |"},
		{[]string{"compare", recordedSlower}, exitUsage, recordedSlower + ": expected what to compare it with (--against OLD...)"},
		{[]string{"compare", recordedSlower, recordedAgain}, exitUsage, "expected what to compare with: --against OLD..."},
		{[]string{"compare", dir, "--against", recordedDefault}, exitUsage, dir + ": expected a run directory, a directory of them, or a baseline file"},
		{[]string{"compare", "nowhere", "--against", recordedDefault}, exitUsage, "nowhere: no such file"},
		{[]string{"compare", recordedSlower, "--against", recordedDefault, "--margin", "-1"}, exitUsage, "expected a share above 0 such as 10% or 0.1"},
		{[]string{"compare", recordedSlower, "--against", recordedDefault, "--metric", "messages.intended"}, exitUsage, "neither more nor less of it is better"},
		{[]string{"compare", recordedSlower, "--against", recordedDefault, "--against", recordedAgain}, exitUsage, "expected once, with all paths behind it"},
		{[]string{"baseline", "chek", baseline, recordedSlower}, exitUsage, "baseline chek: expected save or check"},
		{[]string{"baseline"}, exitUsage, "baseline: expected save or check"},
		{[]string{"run", "steady", "--margin", "5%"}, exitUsage, "--margin: expected --repeat or --against with it"},
		{[]string{"run", "steady", "--again"}, exitUsage, "--again: expected --against with it"},
		{[]string{"run", "steady", "--repeat", "0"}, exitUsage, "--repeat 0: expected 1 or more"},
		{[]string{"run", "reset-storm", "--against", "clients.count=3"}, exitUsage, "cannot be compared: expected as many clients"},
	} {
		code, out, errs := call(t, c.args...)
		assert.Equal(t, c.code, code, "%v: %s%s", c.args, out, errs)
		assert.Contains(t, strings.ReplaceAll(out+errs, "ok PASS", "✓ PASS"), c.says, "%v", c.args)
	}
}

func TestSides(t *testing.T) {
	for line, want := range map[string][3][]string{
		"n1 n2 --against o1 o2 --again a1 a2": {{"n1", "n2"}, {"o1", "o2"}, {"a1", "a2"}},
		"n1 --again a1 a2 --against o1":       {{"n1"}, {"o1"}, {"a1", "a2"}},
		"n1 --against o1 --json o2 --again=a": {{"n1"}, {"o1", "o2"}, {"a"}},
		"n1 n2":                               {{"n1", "n2"}, nil, nil},
	} {
		w := system()
		cmd := compareCommand(w)
		var old, again side
		flags := cmd.Flags()
		old.flags, again.flags = flags, flags
		flags.Lookup("against").Value, flags.Lookup("again").Value = &old, &again
		require.NoError(t, cmd.ParseFlags(strings.Fields(line)))
		assert.Equal(t, want, split(flags.Args(), &old, &again), line)
	}
}

func TestBaselineIsReadStrictly(t *testing.T) {
	good, err := os.ReadFile(recordedDefault)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "baseline.json")
	for _, c := range []struct{ was, is, says string }{
		{`"schema": 1`, `"schema": 2`, "schema 2: expected 1; another version of wsheal wrote it"},
		{`"kind": "wsheal baseline"`, `"kind": "other"`, `kind "other": expected "wsheal baseline"`},
		{`"episode"`, `"episodes"`, `unknown field "episodes"`},
		{`"margin":0.1`, `"margin":-1`, "margin -1: expected a share above 0"},
		{`"margin":0.1,`, ``, "rule: expected margin, confidence and metrics"},
		{`"recovery.t90"`, `"recovery.t91"`, `unknown metric "recovery.t91"`},
		{`"verdict":"pass"`, `"verdict":"great"`, `verdict "great": expected pass, fail, inconclusive or invalid`},
		{`"verdict":"pass"`, `"verdict":"invalid","why":"starved"`, "is invalid: starved"},
		{`"policy":"default+changes"`, `"policy":"naive"`, "stand on the same side"},
		{"  ]\n}\n", "  ]\n}\n{}", "invalid character"},
		{"{\n", "", "expected a baseline, as wsheal baseline save writes it"},
	} {
		text := strings.Replace(string(good), c.was, c.is, 1)
		require.NotEqual(t, string(good), text, c.was)
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
		code, _, errs := call(t, "baseline", "check", file, recordedAgain)
		assert.Equal(t, exitUsage, code, c.says)
		assert.Contains(t, errs, c.says)
		assert.Contains(t, errs, file)
	}
}

// A baseline that is read and written again is the same bytes.
func TestBaselineRoundTrip(t *testing.T) {
	good, err := os.ReadFile(recordedDefault)
	require.NoError(t, err)
	b, err := compare.ReadBaseline(bytes.NewReader(good))
	require.NoError(t, err)
	var again bytes.Buffer
	require.NoError(t, b.Write(&again))
	assert.Equal(t, string(good), again.String())
}
