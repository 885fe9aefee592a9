package proc

import "os"

// Usage is what one process uses.
type Usage struct {
	CPU     float64 // seconds of CPU since its start, user and system; in steps of 10 ms
	RSS     int64   // bytes of memory resident
	FDs     int     // descriptors open
	FDLimit int     // descriptors it may open (soft RLIMIT_NOFILE)
}

// Self measures this process. It is ErrUnsupported on systems other than Linux.
func Self() (Usage, error) { return usageOf(os.Getpid()) }

// CPUTimes is the machine's CPU time since its boot, in seconds summed over its CPUs.
type CPUTimes struct {
	Total float64
	Idle  float64 // nothing to run, waiting for a disk included
	Steal float64 // taken by other guests of the same host
}

// StealShare is the share of CPU time, 0 to 1, that other guests took since before. 0
// when no time has passed.
func (t CPUTimes) StealShare(before CPUTimes) float64 {
	return share(t.Steal-before.Steal, t.Total-before.Total)
}

// share bounds its result because the kernel lets single counters of /proc/stat step back.
func share(part, whole float64) float64 {
	if whole <= 0 {
		return 0
	}
	return min(max(part/whole, 0), 1)
}
