//go:build !linux

package wire

import "syscall"

func askKernel(syscall.RawConn) (facts, bool) { return facts{}, false }

func outstanding(syscall.RawConn) (int, bool) { return 0, false }
