//go:build !linux

package proc

func usageOf(int) (Usage, error) { return Usage{}, ErrUnsupported }

// Machine reads the machine's CPU times. It is ErrUnsupported on systems other than Linux.
func Machine() (CPUTimes, error) { return CPUTimes{}, ErrUnsupported }
