//go:build !linux

package target

import "time"

// burnThread spins for at least cost of real time and returns how long it did. Without a
// clock for the thread's own CPU time, what others take of the CPU counts as burnt.
func burnThread(cost time.Duration) time.Duration {
	begin := time.Now()
	for {
		if used := time.Since(begin); used >= cost {
			return used
		}
	}
}
