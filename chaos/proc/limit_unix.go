//go:build unix

package proc

import (
	"fmt"
	"syscall"
)

// RaiseDescriptorLimit raises the number of descriptors that this process may open
// (soft RLIMIT_NOFILE) to the most that the system allows it (hard), and returns it. Go
// does so by itself at start, but gives the old limit to its children; after this call
// they inherit the raised one. When it cannot be raised the error comes with the limit
// that holds.
func RaiseDescriptorLimit() (soft uint64, err error) {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return 0, fmt.Errorf("descriptor limit: %w", err)
	}
	want := l
	want.Cur = want.Max
	if err := setDescriptorLimit(&want); err != nil {
		return uint64(l.Cur), fmt.Errorf("raise the descriptor limit from %d to %d: %w", l.Cur, want.Cur, err)
	}
	return uint64(want.Cur), nil
}
