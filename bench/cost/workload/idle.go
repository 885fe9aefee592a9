package workload

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// idle weighs connections that have nothing to do.
func idle(ctx context.Context, r *run) (Result, error) {
	if err := warm(ctx, r); err != nil {
		return Result{}, err
	}
	before, err := weigh()
	if err != nil {
		return Result{}, err
	}
	began, err := r.read()
	if err != nil {
		return Result{}, err
	}
	if err := r.open(ctx, r.options()); err != nil {
		return Result{}, err
	}
	ended, err := r.read()
	if err != nil {
		return Result{}, err
	}
	after, err := weigh()
	if err != nil {
		return Result{}, err
	}
	if err := r.profileHeap(); err != nil {
		return Result{}, err
	}
	s := began.until(ended)
	result := s.result()
	each := func(after, before uint64) float64 { return (float64(after) - float64(before)) / float64(r.Conns) }
	result.add("rss-B/conn", each(after.resident, before.resident))
	result.add("heap-B/conn", each(after.heap, before.heap))
	result.add("stack-B/conn", each(after.stack, before.stack))
	result.add("us-CPU/conn", float64(s.cpu.Microseconds())/float64(r.Conns))
	return result, nil
}

// warm opens and closes some connections.
func warm(ctx context.Context, r *run) error {
	o := r.options()
	o.Conns = min(r.Conns, warmConns)
	conns, err := r.client.Open(ctx, o)
	if err != nil {
		return err
	}
	over, cancel := context.WithCancel(ctx)
	cancel()
	_ = conns.Close(over)
	return nil
}

// weight is what this process holds, in bytes.
type weight struct {
	resident uint64 // VmRSS
	heap     uint64 // live objects
	stack    uint64 // spans of goroutines' stacks
}

// weigh collects garbage twice, so that stacks that were deep have shrunk and pools are
// empty, and reads.
func weigh() (w weight, err error) {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	w.heap, w.stack = m.HeapAlloc, m.StackInuse
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return w, err
	}
	w.resident, err = parseResident(string(status))
	return w, err
}

// parseResident takes VmRSS from /proc/PID/status.
func parseResident(status string) (uint64, error) {
	for line := range strings.Lines(status) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kilobytes, ok := strings.CutSuffix(strings.TrimSpace(rest), " kB")
			if n, err := strconv.ParseUint(kilobytes, 10, 64); ok && err == nil {
				return n << 10, nil
			}
			return 0, fmt.Errorf("%q, expected VmRSS: and kB", line)
		}
	}
	return 0, fmt.Errorf("/proc/self/status: no VmRSS")
}
