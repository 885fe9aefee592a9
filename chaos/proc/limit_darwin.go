package proc

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// setDescriptorLimit keeps below kern.maxfilesperproc, since macOS reports a hard limit
// that it then refuses.
func setDescriptorLimit(l *syscall.Rlimit) error {
	if n, err := unix.SysctlUint32("kern.maxfilesperproc"); err == nil {
		l.Cur = min(l.Cur, uint64(n))
	}
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, l)
}
