package proc

import (
	"errors"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// tie makes the child leader of its own process group, so that Ctrl-C on the terminal
// reaches the parent alone, and has the kernel kill it when the thread that forked it
// ends.
func tie(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// awaitExit returns when the child has ended but is not yet reaped: until then its
// number is its own, and its group can be signalled safely.
func awaitExit(cmd *exec.Cmd) {
	for {
		err := unix.Waitid(unix.P_PID, cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

// reap ends what the dead child has left behind in its group, and reaps it.
func reap(cmd *exec.Cmd) {
	signalGroup(cmd, sigKill)
	_ = cmd.Wait() // its error repeats ProcessState
}
