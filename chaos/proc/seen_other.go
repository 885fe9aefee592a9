//go:build !linux

package proc

import "fmt"

type sockets struct {
	conns  int
	unread int64
}

func socketsOf(int, string) (sockets, error) { return sockets{}, ErrUnsupported }

func isStopped(int) (bool, error) { return false, ErrUnsupported }

// seen says why what faults of processes do cannot be seen here: a fault that nothing
// proves is not put in force.
func seen() error { return fmt.Errorf("what it does could not be proved: %w", ErrUnsupported) }
