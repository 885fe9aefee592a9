package wire

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// speaksFirst tells the kernel, before it connects, that something is written as soon as there
// is a connection (TCP_QUICKACK, tcp(7)). Where it cannot be told nothing is the worse for it.
func speaksFirst(_, _ string, raw syscall.RawConn) error {
	return raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_QUICKACK, 0)
	})
}
