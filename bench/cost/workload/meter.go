package workload

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/wsheal/wsheal/chaos/proc"
)

// reading is what the clocks say at one moment.
type reading struct {
	at      time.Time
	cpu     time.Duration // of this process, user and system
	server  time.Duration // of the server's process, in steps of 10 ms
	machine proc.CPUTimes
	allocs  uint64 // of this process so far
}

// read reads all clocks.
func (r *run) read() (m reading, err error) {
	if m.server, err = cpuOf(r.Server.Pid); err != nil {
		return m, err
	}
	if m.machine, err = proc.Machine(); err != nil {
		return m, err
	}
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return m, fmt.Errorf("getrusage: %w", err)
	}
	m.cpu = time.Duration(u.Utime.Nano() + u.Stime.Nano())
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	m.allocs = memory.Mallocs
	m.at = time.Now()
	return m, nil
}

// span is what passed between two readings.
type span struct {
	wall, cpu      time.Duration
	allocs         float64
	foreign, steal float64
}

// until measures from m to n. What is busy and neither this process nor the server is
// foreign; the interrupts that they cause are charged to them.
func (m reading) until(n reading) span {
	s := span{wall: n.at.Sub(m.at), cpu: n.cpu - m.cpu, allocs: float64(n.allocs - m.allocs), steal: n.machine.StealShare(m.machine)}
	total := n.machine.Total - m.machine.Total
	busy := total - (n.machine.Idle - m.machine.Idle) - (n.machine.Steal - m.machine.Steal)
	if own := s.cpu + n.server - m.server; total > 0 {
		s.foreign = min(max((busy-own.Seconds())/total, 0), 1)
	}
	return s
}

// and adds what passed at another time.
func (s span) and(t span) span {
	sum := span{wall: s.wall + t.wall, cpu: s.cpu + t.cpu, allocs: s.allocs + t.allocs}
	of := func(a, b float64) float64 {
		return (a*s.wall.Seconds() + b*t.wall.Seconds()) / sum.wall.Seconds()
	}
	sum.foreign, sum.steal = of(s.foreign, t.foreign), of(s.steal, t.steal)
	return sum
}

// result begins a result.
func (s span) result() Result { return Result{Foreign: s.foreign, Steal: s.steal} }

// cpuOf reads the CPU time of another process.
func cpuOf(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	return parseCPU(stat)
}

// parseCPU takes utime and stime from /proc/PID/stat: fields 14 and 15 of proc(5). The second
// is the program's name and may hold spaces and parentheses, so fields are counted from
// its last closing one.
func parseCPU(stat []byte) (time.Duration, error) {
	const perTick = time.Second / 100 // USER_HZ is 100 wherever Go runs
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 13 {
		return 0, fmt.Errorf("%.60q, expected 15 fields or more", stat)
	}
	var ticks uint64
	for _, f := range fields[11:13] {
		n, err := strconv.ParseUint(f, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%.60q: %w", stat, err)
		}
		ticks += n
	}
	return time.Duration(ticks) * perTick, nil
}
