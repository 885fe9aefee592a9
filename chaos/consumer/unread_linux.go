package consumer

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// unread is how many bytes have come that nobody has read yet; 0 where it cannot be told.
func unread(c net.Conn) (n int) {
	s, ok := c.(syscall.Conn)
	if !ok {
		return 0
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return 0
	}
	_ = raw.Control(func(fd uintptr) { n, _ = unix.IoctlGetInt(int(fd), unix.SIOCINQ) })
	return n
}
