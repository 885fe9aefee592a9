//go:build unix

package door

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// Room returns nil while there is a descriptor for one more connection, and ErrFull when all
// but so many are in use. Who accepts asks it before: what the kernel has in its backlog
// waits there, and is not lost.
func Room(spare int) error {
	fd, err := unix.Open("/", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	switch {
	case errors.Is(err, unix.EMFILE), errors.Is(err, unix.ENFILE):
		return ErrFull
	case err != nil:
		return nil // it cannot be told
	}
	defer func() { _ = unix.Close(fd) }()
	return fits(uint64(fd), spare)
}

// Fits returns ErrFull when a socket has one of the descriptors that are spared. It is a
// net.Dialer's Control, called before the socket connects to anything.
func Fits(_, _ string, socket syscall.RawConn) error {
	var full error
	if err := socket.Control(func(fd uintptr) { full = fits(uint64(fd), Spare) }); err != nil {
		return err
	}
	return full
}

func fits(fd uint64, spare int) error {
	var l unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &l) == nil && fd >= ceiling(uint64(l.Cur), uint64(spare)) {
		return ErrFull
	}
	return nil
}
