package scenarios

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
)

//go:embed library/*.yaml
var library embed.FS

// Names lists the built-in scenarios.
func Names() []string {
	files, err := fs.Glob(library, "library/*.yaml")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(path.Base(f), ".yaml")
	}
	return files
}

// Source returns a built-in scenario as it is written, comments and all.
func Source(name string) ([]byte, bool) {
	data, err := library.ReadFile("library/" + name + ".yaml")
	return data, err == nil
}

// Open reads and parses a scenario: a built-in one by its name, else a file by its
// path; ./steady is a file of a built-in's name. Without opt.Getenv, ${NAME} comes
// from the process's environment. The error is a Mistakes when the scenario is wrong.
func Open(nameOrPath string, opt Options) (*Scenario, error) {
	if opt.Getenv == nil {
		opt.Getenv = os.LookupEnv
	}
	if data, ok := Source(nameOrPath); ok {
		return Parse(nameOrPath+".yaml", data, opt)
	}
	data, err := readFile(nameOrPath, mostBytes+1)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: no such file, and no such scenario in the library; %s", nameOrPath, Suggest(nameOrPath, Names(), "scenarios"))
	}
	if err != nil {
		return nil, fmt.Errorf("read scenario: %w", err)
	}
	return Parse(nameOrPath, data, opt)
}

// readFile reads so many bytes of a file at most: a device has no end.
func readFile(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most))
}

// About is the one sentence that a built-in scenario says of itself, "" for a name that
// is not of the library.
func About(name string) string {
	data, ok := Source(name)
	if !ok {
		return ""
	}
	s, err := Parse(name+".yaml", data, Options{})
	if err != nil {
		return ""
	}
	return s.About
}
