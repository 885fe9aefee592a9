package proc

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// holdPort keeps the address of a dead server from being given to an outgoing connection,
// with which the server could not come back: a socket that is bound to it and does not
// listen, so that dials are refused all the same. Release it before the server starts.
// An address that cannot be held is left alone.
func holdPort(addr string) (release func()) {
	at, err := netip.ParseAddrPort(addr)
	if err != nil {
		return func() {}
	}
	family, name := unix.AF_INET6, unix.Sockaddr(&unix.SockaddrInet6{Port: int(at.Port()), Addr: at.Addr().As16()})
	if at.Addr().Is4() {
		family, name = unix.AF_INET, &unix.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return func() {}
	}
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	_ = unix.Bind(fd, name)
	return func() { _ = unix.Close(fd) }
}
