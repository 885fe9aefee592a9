package kernel

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// outsideEnv names the network namespace that a process of ours was started from.
const outsideEnv = "WSHEAL_OUTSIDE"

func namespace() (string, error) { return os.Readlink("/proc/self/ns/net") }

// Inside says whether this process is in a network namespace that Isolate has made.
func Inside() bool {
	outside := os.Getenv(outsideEnv)
	here, err := namespace()
	return err == nil && outside != "" && here != outside
}

// Lacks says why faults of the kernel cannot be had here, "" when they can. It tries.
var Lacks = sync.OnceValue(func() string {
	if Inside() {
		return ""
	}
	failed := make(chan error)
	go func() {
		// The thread is never given back: it ends with this goroutine, and the namespace,
		// in which nobody else is, with it.
		runtime.LockOSThread()
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			failed <- fmt.Errorf("a network namespace of its own: %w", err)
			return
		}
		const table = "wsheal-probe"
		err := errors.Join(drop(table, []rule{{port: 1, peers: true}}, []uint16{1}), undrop(table))
		if err == nil {
			_, err = connections(unix.AF_INET, 1)
		}
		failed <- err
	}()
	switch err := <-failed; {
	case errors.Is(err, unix.EPERM):
		return fmt.Sprintf("it needs root (%v)", err)
	case err != nil:
		return err.Error()
	}
	return ""
})

// Isolate runs this program again, with its arguments, in a network namespace of its own,
// and returns its exit code. What it writes goes where this one's goes. When ctx ends it is
// interrupted, once; it dies with this process, however that does.
func Isolate(ctx context.Context) (code int, err error) {
	outside, err := namespace()
	if err != nil {
		return 0, err
	}
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	cmd := exec.Command(self, os.Args[1:]...)
	cmd.Env = append(os.Environ(), outsideEnv+"="+outside)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	// A group of its own, so that Ctrl-C on the terminal comes from here alone.
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Setpgid: true, Pdeathsig: syscall.SIGKILL}
	// The parent-death signal comes with the end of the thread that forks.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("start in a network namespace: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Signal(os.Interrupt) })
	defer stop()
	err = cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.Exited() {
		return exit.ExitCode(), nil
	}
	if err != nil {
		return 0, fmt.Errorf("in a network namespace: %w", err)
	}
	return 0, nil
}

// Settle brings up the loopback interface, the only one of a new namespace.
func Settle() error {
	if !Inside() {
		return errOutside
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return os.NewSyscallError("bring up lo", unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo))
}
