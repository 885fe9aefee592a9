//go:build unix && !darwin

package proc

import "syscall"

func setDescriptorLimit(l *syscall.Rlimit) error {
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, l)
}
