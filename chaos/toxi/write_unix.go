//go:build unix

package toxi

import "syscall"

// writeFD writes what a descriptor that does not block takes.
func writeFD(fd uintptr, b []byte) (int, error) {
	n, err := syscall.Write(int(fd), b)
	return max(n, 0), err
}
