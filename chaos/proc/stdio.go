package proc

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"
)

const helloSize = 64 << 10 // longest hello, bytes

// stdio is the parent's end of a child's three streams.
//
//	parent ──(nothing, ever)──▶ stdin     its end means: the parent is gone
//	hello   ◀──first line───── stdout
//	outTail ◀──────the rest─── stdout
//	errTail, Spec.Stderr ◀──── stderr     a tail of its own, which no flood on stdout washes away
//
// The pipes are files of our own and not exec.Cmd's, whose Wait would block for as long
// as anybody holds them open.
type stdio struct {
	stdin, stdout, stderr *os.File   // ours
	theirs                []*os.File // the child's
	outTail, errTail      tail
	copyErr               io.Writer
	expectHello           bool
	hello                 chan []byte // holds the first line of stdout
	readers               sync.WaitGroup
}

func newStdio(spec Spec) (*stdio, error) {
	s := &stdio{copyErr: spec.Stderr, expectHello: spec.Hello > 0, hello: make(chan []byte, 1)}
	inR, inW, err1 := os.Pipe()
	outR, outW, err2 := os.Pipe()
	errR, errW, err3 := os.Pipe()
	s.stdin, s.stdout, s.stderr = inW, outR, errR
	s.theirs = []*os.File{inR, outW, errW}
	if err := errors.Join(err1, err2, err3); err != nil {
		s.closeAll()
		return nil, err
	}
	return s, nil
}

// start starts cmd on the streams and begins to read them.
func (s *stdio) start(cmd *exec.Cmd) error {
	cmd.Stdin, cmd.Stdout, cmd.Stderr = s.theirs[0], s.theirs[1], s.theirs[2]
	if err := cmd.Start(); err != nil {
		s.closeAll()
		return err
	}
	for _, f := range s.theirs {
		f.Close()
	}
	s.readers.Go(s.readStdout)
	s.readers.Go(s.readStderr)
	return nil
}

func (s *stdio) readStdout() {
	r := bufio.NewReaderSize(s.stdout, helloSize)
	if s.expectHello {
		line, err := r.ReadSlice('\n')
		if err == nil || errors.Is(err, bufio.ErrBufferFull) {
			s.hello <- append([]byte(nil), line...)
		} else {
			_, _ = s.outTail.Write(line)
		}
	}
	_, _ = io.Copy(&s.outTail, r)
}

func (s *stdio) readStderr() {
	w := io.Writer(&s.errTail)
	if s.copyErr != nil {
		w = io.MultiWriter(&s.errTail, s.copyErr)
	}
	// A writer that fails must not block the child on a full pipe.
	if _, err := io.Copy(w, s.stderr); err != nil {
		_, _ = io.Copy(&s.errTail, s.stderr)
	}
}

// finish reads what a dead child has left in its pipes, and closes them.
func (s *stdio) finish() {
	late := time.AfterFunc(drainWait, func() {
		s.stdout.Close()
		s.stderr.Close()
	})
	s.readers.Wait()
	late.Stop()
	s.stdin.Close()
	s.stdout.Close()
	s.stderr.Close()
}

func (s *stdio) closeStdin() { s.stdin.Close() }

func (s *stdio) closeAll() {
	for _, f := range append(s.theirs, s.stdin, s.stdout, s.stderr) {
		if f != nil {
			f.Close()
		}
	}
}
