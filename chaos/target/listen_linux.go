package target

import (
	"errors"
	"net"
	"syscall"
)

// stopListening has the kernel refuse connections. The socket stays bound, so that no
// connection from this host gets its port for its own end.
func stopListening(ln net.Listener) error {
	lost := false
	err := onDescriptor(ln, func(fd int) error {
		at, err := syscall.Getsockname(fd)
		if err != nil {
			return err
		}
		if err := syscall.Shutdown(fd, syscall.SHUT_RD); err != nil {
			return err
		}
		// A port that the kernel chose is given up with that, and asked for again by its number.
		if err := syscall.Bind(fd, at); err != nil && !errors.Is(err, syscall.EINVAL) { // EINVAL: it is bound still
			lost = true
			return err
		}
		return nil
	})
	if lost {
		_ = ln.Close() // Serve ends, and says so
	}
	return err
}

// listenAgain undoes stopListening.
func listenAgain(ln net.Listener) error {
	const backlog = 1<<16 - 1 // the kernel's own limit is what it comes to
	return onDescriptor(ln, func(fd int) error { return syscall.Listen(fd, backlog) })
}

func onDescriptor(ln net.Listener, do func(fd int) error) error {
	c, ok := ln.(syscall.Conn)
	if !ok {
		return errors.New("it is no socket")
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var done error
	if err := raw.Control(func(fd uintptr) { done = do(int(fd)) }); err != nil {
		return err
	}
	return done
}
