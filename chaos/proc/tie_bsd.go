//go:build unix && !linux

package proc

import (
	"os/exec"
	"syscall"
)

// tie makes the child leader of its own process group, so that Ctrl-C on the terminal
// reaches the parent alone.
func tie(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

// awaitExit returns when the child has ended; here that reaps it as well.
func awaitExit(cmd *exec.Cmd) {
	_ = cmd.Wait() // its error repeats ProcessState
}

// reap has nothing left to do.
func reap(*exec.Cmd) {}
