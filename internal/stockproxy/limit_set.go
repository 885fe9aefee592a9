//go:build linux || darwin

package stockproxy

import "golang.org/x/sys/unix"

// limit bounds the descriptors of this process; 0: not.
func limit(n uint64) error {
	if n == 0 {
		return nil
	}
	return unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: n, Max: n})
}
