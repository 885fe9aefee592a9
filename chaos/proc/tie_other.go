//go:build !unix

package proc

import (
	"os/exec"
	"syscall"
)

const (
	sigTerm = syscall.SIGTERM
	sigStop = syscall.Signal(0)
	sigCont = syscall.Signal(0)
	sigKill = syscall.SIGKILL
)

// tie does nothing: the end of its stdin is all that ties the child.
func tie(*exec.Cmd) {}

// awaitExit returns when the child has ended; here that reaps it as well.
func awaitExit(cmd *exec.Cmd) {
	_ = cmd.Wait() // its error repeats ProcessState
}

// reap has nothing left to do.
func reap(*exec.Cmd) {}

// signalGroup knows one signal, which ends the child alone.
func signalGroup(cmd *exec.Cmd, sig syscall.Signal) {
	if sig == sigKill {
		_ = cmd.Process.Kill()
	}
}
