package target

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// burnThread uses at least cost of CPU time, as the kernel counts it for this thread,
// and returns what it used: what others take of the CPU meanwhile makes it last
// longer, as it would real work.
func burnThread(cost time.Duration) time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	begin := threadTime()
	for {
		if used := threadTime() - begin; used >= cost {
			return used
		}
	}
}

func threadTime() time.Duration {
	var t unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t) // cannot fail: the clock is part of the kernel
	return time.Duration(t.Nano())
}
