//go:build !(linux || darwin || freebsd || openbsd || dragonfly || solaris)

package proc

import "time"

var processStart = time.Now()

// Monotonic stands in for CLOCK_MONOTONIC where it cannot be read: the wall clock at
// the start of the process plus what Go's monotonic clock has counted since. Within
// one process it never steps. Between processes it is only as good as the wall clock
// was while they started: where that was set in between, their times are apart by as much.
func Monotonic() int64 {
	return processStart.UnixNano() + int64(time.Since(processStart))
}
