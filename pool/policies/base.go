package policies

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// base starts from another policy.
func (d *document) base(value ast.Node) {
	if k := kindOf(value); k != scalar {
		d.mistake(value, "base", "expected the name of a policy or a file, got %s", k)
		d.baseless = true
		return
	}
	d.follow(value, "base")
}

// follow takes the policy that a scalar names, at path.
func (d *document) follow(value ast.Node, path string) {
	name := textOf(value)
	if isFile(name) {
		d.include(value, path)
		return
	}
	source, ok := Source(name)
	if !ok {
		d.mistake(value, path, "expected %s or a .yaml file, got %q", strings.Join(Names(), ", "), name)
		d.baseless = true
		return
	}
	d.policy = parse(name+".yaml", []byte(source), nil).policy
}

// include takes the policy of the file that a scalar names.
func (d *document) include(value ast.Node, path string) {
	file := textOf(value)
	if !filepath.IsAbs(file) {
		file = filepath.Join(filepath.Dir(d.file), file)
	}
	if slices.Contains(d.from, file) {
		d.mistake(value, path, "expected a policy that is not based on itself, got %s", textOf(value))
		d.baseless = true
		return
	}
	data, err := read(file)
	if err != nil {
		d.mistake(value, path, "expected a policy: %v", err)
		d.baseless = true
		return
	}
	below := parse(file, data, d.from)
	d.policy = below.policy
	d.mistakes = append(d.mistakes, below.mistakes...)
	d.baseless = len(below.mistakes) > 0
}

// read returns what a file holds, a little more than parse takes at most. Devices and
// pipes, which may have no end, are no policies.
func read(file string) ([]byte, error) {
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a file", file)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, mostBytes+1))
}

// isFile tells a path from the name of a built-in policy.
func isFile(name string) bool {
	return strings.ContainsAny(name, `/\`) || strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")
}

// nameOf makes a policy's name from its file's, "" when that is not fit to be one.
func nameOf(file string) string {
	name := filepath.Base(file)
	if name = strings.TrimSuffix(name, filepath.Ext(name)); !namePattern.MatchString(name) {
		return ""
	}
	return name
}
