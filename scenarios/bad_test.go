package scenarios

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write what is found instead of comparing it")

const badDir = "../testdata/scenarios/bad"

// Every scenario in testdata/scenarios/bad is refused with exactly the mistakes of
// the .txt beside it.
func TestBadScenarios(t *testing.T) {
	files, err := filepath.Glob(badDir + "/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			_, err = Parse(file, data, Options{Getenv: environment("WORD", "many", "BLANK", "")})
			var mistakes Mistakes
			require.ErrorAs(t, err, &mistakes)
			golden(t, strings.TrimSuffix(file, ".yaml")+".txt", strings.ReplaceAll(mistakes.Error(), badDir+"/", "")+"\n")
		})
	}
}

// environment is one of a few variables.
func environment(pairs ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1], true
			}
		}
		return "", false
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), got, "run with -update to accept")
}
