//go:build !unix

package target

import "time"

// cpuTime is unknown here.
func cpuTime() time.Duration { return 0 }
