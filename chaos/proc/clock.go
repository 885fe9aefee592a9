//go:build linux || darwin || freebsd || openbsd || dragonfly || solaris

package proc

import "golang.org/x/sys/unix"

// Monotonic reads CLOCK_MONOTONIC in nanoseconds: one clock for all processes of a
// host, unlike time.Now, whose monotonic reading starts anew in every process. Its zero
// is arbitrary (on Linux the boot), it never steps, and it is real time inside a
// synctest bubble too.
func Monotonic() int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		// The call has no other failure than a clock that the kernel does not have.
		panic("CLOCK_MONOTONIC: " + err.Error())
	}
	return t.Nano()
}
