package proc

import (
	"cmp"
	"errors"
	"io"
	"strings"
	"time"
)

const (
	defaultGrace = 2 * time.Second
	// killWait bounds the wait for a child after SIGKILL, which only a process held
	// inside the kernel outlives.
	killWait = 5 * time.Second
	// drainWait bounds the wait for a dead child's last output: whoever inherited its
	// pipes may hold them open for ever.
	drainWait = time.Second
)

// Spec says what child to start.
type Spec struct {
	Name string   // how errors call it, as in "target blue"; empty: Path
	Path string   // of the program; without a slash it is looked up in PATH
	Args []string // without the program itself
	Env  []string // "KEY=value", added to this process's environment

	// Stderr receives what the child writes there, as it comes; nil: it is only kept
	// for error messages. A Write that blocks holds up the child and the end of Stop.
	Stderr io.Writer
	// Hello is how long the child may take to write its hello, one line of JSON, to
	// stdout. 0: a program that says no hello, any command.
	Hello time.Duration
	// Grace is how long Stop waits after SIGTERM before it sends SIGKILL; 0: 2 s.
	Grace time.Duration
}

// check returns all that is wrong, and the spec with its defaults filled in.
func (s Spec) check() (Spec, error) {
	var errs []error
	if s.Path == "" {
		errs = append(errs, errors.New("path: empty, expected a program"))
	}
	for _, e := range s.Env {
		if k, _, ok := strings.Cut(e, "="); !ok || k == "" {
			errs = append(errs, errors.New("env: "+e+", expected KEY=value"))
		}
	}
	if s.Hello < 0 {
		errs = append(errs, errors.New("hello: negative, expected a time of 0 or more"))
	}
	if s.Grace < 0 {
		errs = append(errs, errors.New("grace: negative, expected a time of 0 or more"))
	}
	s.Name = cmp.Or(s.Name, s.Path)
	s.Grace = cmp.Or(s.Grace, defaultGrace)
	return s, errors.Join(errs...)
}

// command is the whole command line, for messages.
func (s Spec) command() string {
	return strings.Join(append([]string{s.Path}, s.Args...), " ")
}
