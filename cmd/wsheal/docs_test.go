package main

import (
	"bytes"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/scenarios"
)

// TestReadmeCommands and TestHelpExamples hold every command that is shown to a reader
// against the program: it exists, its flags do, and a scenario that it would run is valid.
func TestReadmeCommands(t *testing.T) {
	n := 0
	for _, block := range blocks(t, "sh") {
		for _, line := range strings.Split(block, "\n") {
			if args, ok := commandLine(line); ok {
				try(t, args)
				n++
			}
		}
	}
	assert.GreaterOrEqual(t, n, 5)
}

func TestHelpExamples(t *testing.T) {
	var visit func(*cobra.Command)
	visit = func(cmd *cobra.Command) {
		if cmd.Name() == "help" || cmd.Name() == "completion" || cmd.Parent() != nil && cmd.Parent().Name() == "completion" {
			return // cobra's own
		}
		assert.NotEmpty(t, cmd.Example, "%s has no example", cmd.CommandPath())
		n := 0
		for _, line := range strings.Split(strings.ReplaceAll(cmd.Example, "\\\n", " "), "\n") {
			if args, ok := commandLine(line); ok {
				try(t, args)
				n++
			}
		}
		assert.NotZero(t, n, "%s: no example of the command itself", cmd.CommandPath())
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit(newRoot(system()))
}

func TestReadmeScenarios(t *testing.T) {
	n := 0
	for _, block := range blocks(t, "yaml") {
		if !strings.Contains(block, "scenario:") {
			block += "\nscenario: fragment\nclients: {count: 1}\n"
		}
		_, err := scenarios.Parse("README.md", []byte(block), scenarios.Options{})
		assert.NoError(t, err)
		n++
	}
	assert.Equal(t, 4, n)
}

// blocks are the fenced blocks of the README in one language.
func blocks(t *testing.T, language string) []string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	var out []string
	for _, m := range regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
		if m[1] == language {
			out = append(out, m[2])
		}
	}
	require.NotEmpty(t, out)
	return out
}

// commandLine returns the arguments of a line that calls wsheal.
func commandLine(line string) ([]string, bool) {
	line = strings.TrimSpace(line)
	line, _, _ = strings.Cut(line, " | ")
	line, _, _ = strings.Cut(line, " > ")
	line, _, _ = strings.Cut(line, " && ")
	line = strings.TrimSuffix(line, " &")
	for _, prefix := range []string{"wsheal ", "./wsheal ", "go run ./cmd/wsheal "} {
		if rest, ok := strings.CutPrefix(line, prefix); ok {
			return words(rest), true
		}
	}
	return nil, false
}

// words splits as a shell does, as far as the examples need: blanks and single quotes.
func words(line string) []string {
	var out []string
	for _, m := range regexp.MustCompile(`(?:'[^']*'|[^\s'])+`).FindAllString(line, -1) {
		out = append(out, strings.ReplaceAll(m, "'", ""))
	}
	return out
}

// try does what a command line asks for, short of running a scenario or a server.
func try(t *testing.T, args []string) {
	t.Helper()
	cmd, rest, err := newRoot(system()).Find(args)
	require.NoError(t, err, "%v", args)
	require.NoError(t, cmd.ParseFlags(rest), "%v", args)
	require.NoError(t, cmd.ValidateArgs(cmd.Flags().Args()), "%v", args)
	switch cmd.Name() {
	case "run", "validate":
		set, err := cmd.Flags().GetStringArray("set")
		require.NoError(t, err)
		for _, name := range cmd.Flags().Args() {
			if !slices.Contains(scenarios.Names(), name) {
				continue // a file of the reader's own
			}
			set = slices.DeleteFunc(set, func(s string) bool { return strings.HasSuffix(s, ".yaml") || strings.HasSuffix(s, "…") })
			_, err := scenarios.Open(name, scenarios.Options{Set: set})
			assert.NoError(t, err, "%v", args)
		}
	case "scenarios", "policies", "faults", "metrics", "schema", "version":
		var stdout, stderr bytes.Buffer
		w := system()
		w.stdout, w.stderr = &stdout, &stderr
		assert.Zero(t, execute(args, w), "%v: %s", args, &stderr)
		assert.NotEmpty(t, stdout.String())
	}
}
