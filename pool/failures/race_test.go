//go:build race

package failures

import "runtime"

// The race detector of Go 1.26 breaks down now and then ("ThreadSanitizer: CHECK failed")
// where bubbles have many timers on more than one thread (go.dev/issue/78156). What it
// looks for does not depend on the number of threads.
func init() { runtime.GOMAXPROCS(1) }
