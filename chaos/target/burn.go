package target

import (
	"context"
	"runtime"
	"time"
)

// burnSlice is how long one handshake burns before it lets others have the thread. A
// burning goroutine holds its thread, so that without slices a storm would make as many
// threads as handshakes.
const burnSlice = time.Millisecond

// burnCPU uses cost of CPU time.
func burnCPU(ctx context.Context, cost time.Duration) {
	for cost > 0 && ctx.Err() == nil {
		cost -= burnThread(min(cost, burnSlice))
		runtime.Gosched()
	}
}
