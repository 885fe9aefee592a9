// Package transcript runs scripts and compares what comes of them with what is written
// below each line: tests that can be read like a play.
package transcript

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the transcripts in testdata")

// Play plays every file that a pattern matches, each as a subtest. Lines that are not
// indented are what happens; those below are what was made of it. play begins a file, and
// returns what does one of the former and writes the latter to out, indented. With -update
// the files are written anew: read the diff, and commit what you understand.
//
// It tells whether all of them were played, and not only some.
func Play(t *testing.T, pattern string, play func(t *testing.T, out *strings.Builder) (do func(line string))) (all bool) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	require.NoError(t, err)
	require.NotEmpty(t, files)
	played := 0
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			played++
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			var out strings.Builder
			do := play(t, &out)
			for line := range strings.Lines(string(text)) {
				if strings.HasPrefix(line, " ") {
					continue
				}
				out.WriteString(line)
				if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
					do(line)
				}
			}
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(out.String()), 0o644))
				return
			}
			assert.Equal(t, string(text), out.String(), "if it is meant: go test with -update")
		})
	}
	return played == len(files)
}
