package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/jsonschema-go/jsonschema"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/report/export"
)

// recipe is a job of the README's CI files: GitHub's steps or GitLab's scripts.
type recipe struct {
	Steps []struct {
		Run  string
		If   string
		With struct{ Path string }
	}
	Script      []string
	AfterScript []string `yaml:"after_script"`
	Artifacts   struct {
		When    string
		Paths   []string
		Reports map[string]string
	}
}

// recipes are the jobs of the README's CI files, by what they are of.
func recipes(t *testing.T) map[string]recipe {
	t.Helper()
	out := map[string]recipe{}
	for _, block := range blocks(t, "yml") {
		var file struct {
			Jobs      map[string]recipe
			Reconnect *recipe
		}
		require.NoError(t, yaml.Unmarshal([]byte(block), &file))
		if file.Reconnect != nil {
			out["GitLab"] = *file.Reconnect
			continue
		}
		require.Len(t, file.Jobs, 1)
		out["GitHub"] = file.Jobs["reconnect"]
	}
	require.Len(t, out, 2)
	return out
}

// commands of a job, those that follow a failure apart.
func (r recipe) commands() (script, after []string) {
	for _, s := range r.Steps {
		if s.Run != "" {
			script = append(script, s.Run)
		}
	}
	return append(script, r.Script...), r.AfterScript
}

// left are the files and directories that a job hands over.
func (r recipe) left() (out []string) {
	for _, s := range r.Steps {
		if s.With.Path != "" {
			out = append(out, s.With.Path)
		}
	}
	for _, path := range r.Artifacts.Reports {
		out = append(out, path)
	}
	return append(out, r.Artifacts.Paths...)
}

// reconnect is a scenario that is soon over; its gates are filled in.
const reconnect = `scenario: reconnect
targets: {blue: {embedded: {}}}
clients: {count: 4, ramp: 10ms}
load: {rate: 20/s}
phases: {warmup: 300ms, baseline: 300ms, chaos: 0s, recovery: 0s}
gates: [`

// TestReadmeRecipes runs the commands of the README's CI files as a runner does, for a run
// that passes and one that fails: the exit code is the verdict, and what is handed over
// is there.
func TestReadmeRecipes(t *testing.T) {
	path, err := exec.LookPath("wsheal") // testscript.Main put this test binary there
	require.NoError(t, err)
	for name, r := range recipes(t) {
		for gate, want := range map[string]int{"clients.usable > 1%": exitPass, "clients.usable < 1%": exitFail} {
			t.Run(name+" "+gate, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				require.NoError(t, os.Mkdir(filepath.Join(dir, "ci"), 0o755))
				require.NoError(t, os.WriteFile(filepath.Join(dir, "ci", "reconnect.yaml"), []byte(reconnect+gate+"]\n"), 0o644))
				run := func(lines []string) (string, int) {
					cmd := exec.Command("sh", "-e", "-c", strings.Join(lines, "\n"))
					cmd.Dir = dir
					cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(path)+":"+os.Getenv("PATH"))
					if name == "GitHub" {
						cmd.Env = append(cmd.Env, "GITHUB_ACTIONS=true", "GITHUB_STEP_SUMMARY="+filepath.Join(dir, "step.md"))
					}
					out, err := cmd.CombinedOutput()
					return string(out), exitCode(t, err)
				}
				script, after := r.commands()
				script = withoutInstall(t, script)
				out, code := run(script)
				require.FileExists(t, filepath.Join(dir, "run", summaryFile), out)
				want := want
				if readSummary(t, filepath.Join(dir, "run")).Verdict == report.Invalid { // a machine too busy to say
					want = exitInconclusive
				}
				assert.Equal(t, want, code, out)
				if len(after) > 0 {
					_, code := run(after)
					assert.Equal(t, want, code)
				}
				for _, path := range r.left() {
					assert.FileExists(t, filepath.Join(dir, strings.TrimSuffix(path, "/"), fileOf(path)))
				}
				validBySchema(t, "summary", filepath.Join(dir, "run", summaryFile))
				validBySchema(t, "journal", filepath.Join(dir, "run", journalFile))
				if name == "GitHub" {
					md, err := os.ReadFile(filepath.Join(dir, "step.md"))
					require.NoError(t, err)
					assert.Contains(t, string(md), "reconnect")
					assert.Equal(t, want != exitPass, strings.Contains(out, "\n::error title=wsheal"), out)
				}
			})
		}
	}
}

// validBySchema holds each JSON value of a file that a run left against the published schema.
func validBySchema(t *testing.T, name, path string) {
	t.Helper()
	text, err := export.Schema(name)
	require.NoError(t, err)
	var schema jsonschema.Schema
	require.NoError(t, json.Unmarshal(text, &schema))
	valid, err := schema.Resolve(nil)
	require.NoError(t, err)
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	values := json.NewDecoder(f)
	for values.More() {
		var v any
		require.NoError(t, values.Decode(&v))
		require.NoError(t, valid.Validate(v))
	}
}

// TestStepSummaryIsBounded: GitHub shows nothing of a summary that is too large, so a run
// that would make it so is left out, and told.
func TestStepSummaryIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "step.md")
	require.NoError(t, os.WriteFile(path, make([]byte, stepSummaryMost-10), 0o644))
	var stderr bytes.Buffer
	w := &world{stderr: &stderr, getenv: func(name string) string { return map[string]string{"GITHUB_STEP_SUMMARY": path}[name] }}
	tellGitHub(w, export.Source{Summary: &report.Summary{}}, nil)
	assert.Equal(t, "GITHUB_STEP_SUMMARY: the run's summary is left out: with it the step's would be larger than 1048576 bytes\n", stderr.String())
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.EqualValues(t, stepSummaryMost-10, info.Size())
}

// fileOf is a file that a directory of a run has; "" of what is a file itself.
func fileOf(path string) string {
	if filepath.Ext(path) == "" {
		return pageFile
	}
	return ""
}

// withoutInstall leaves out the line that installs wsheal, which must name a command of
// this module.
func withoutInstall(t *testing.T, lines []string) (out []string) {
	t.Helper()
	for _, line := range lines {
		pkg, found := strings.CutPrefix(line, "go install github.com/wsheal/wsheal/")
		if !found {
			out = append(out, line)
			continue
		}
		pkg, _, _ = strings.Cut(pkg, "@")
		assert.FileExists(t, filepath.Join("..", "..", pkg, "main.go"))
	}
	require.Len(t, out, len(lines)-1)
	return out
}

// What a job hands over it hands over when it failed, too.
func TestReadmeRecipesKeepFailures(t *testing.T) {
	all := recipes(t)
	assert.Equal(t, "always", all["GitLab"].Artifacts.When)
	for _, s := range all["GitHub"].Steps {
		if s.With.Path != "" {
			assert.Equal(t, "always()", s.If)
		}
	}
}
