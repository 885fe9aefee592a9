//go:build !linux

package wire

import "syscall"

// speaksFirst is nil: the kernel acknowledges as it sees fit.
var speaksFirst func(network, address string, raw syscall.RawConn) error
