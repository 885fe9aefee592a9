package scenarios

import (
	"bytes"
	"errors"

	"github.com/wsheal/wsheal/chaos"
)

// Options is what Parse takes besides the file. The zero value knows no environment
// and allows no targets on other hosts.
type Options struct {
	// Set overrides the file: "path=value", dotted paths, items of lists by number or
	// by name, values in YAML.
	Set []string
	// Getenv looks up a variable for ${NAME}; nil: none is set.
	Getenv func(name string) (string, bool)
	// AllowRemote permits targets that are not on this host.
	AllowRemote bool
	// Lacks says why a backend is not to be had in the run, "" when it is; nil: all are.
	Lacks func(chaos.Backend) string
}

// Parse reads one scenario, overrides and completes it, and judges whether it can be
// run and its gates decided. The error is a Mistakes with everything that is wrong;
// of broken YAML, the first place alone.
func Parse(file string, data []byte, opt Options) (*Scenario, error) {
	p := &problems{file: file, args: opt.Set, bad: map[*node]bool{}}
	root, err := parseTree(bytes.TrimPrefix(data, []byte("\ufeff"))) // some editors begin a file with a byte order mark
	if err != nil {
		line := 1
		if e, ok := errors.AsType[lineError](err); ok {
			line = e.line
		}
		p.addAt(line, "", err.Error())
		return nil, p.list
	}
	for i, arg := range opt.Set {
		if err := set(root, i, arg); err != nil {
			p.addAt(argument(i), "", err.Error())
		}
	}
	if opt.Getenv == nil {
		opt.Getenv = func(string) (string, bool) { return "", false }
	}
	substitute(root, "", opt.Getenv, p)
	format.check(root, "", p)
	r := resolver{view: view{p, root, &format, ""}, opt: opt}
	s := r.scenario()
	if len(p.list) > 0 {
		p.list.sort(file)
		return nil, p.list
	}
	return s, nil
}
