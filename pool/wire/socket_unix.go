//go:build unix

package wire

import (
	"io"
	"syscall"

	"golang.org/x/sys/unix"
)

const canTry = true

// readFD reads from a non-blocking descriptor; errAgain: nothing is there yet.
func readFD(fd uintptr, p []byte) (int, error) {
	for {
		n, err := syscall.Read(int(fd), p)
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			return 0, errAgain
		case err != nil:
			return 0, err
		case n == 0:
			return 0, io.EOF
		}
		return n, nil
	}
}

// writeFD writes to a non-blocking descriptor; errAgain: there is no room.
func writeFD(fd uintptr, p []byte) (int, error) {
	for {
		n, err := syscall.Write(int(fd), p)
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			return 0, errAgain
		case err != nil:
			return 0, err
		}
		return n, nil
	}
}

// peekFD asks whether a read would find something; errAgain: it would not.
func peekFD(fd uintptr) error {
	for {
		var b [1]byte
		switch _, _, err := unix.Recvfrom(int(fd), b[:], unix.MSG_PEEK); err {
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			return errAgain
		default:
			return err
		}
	}
}
