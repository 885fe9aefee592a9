package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/wsheal/wsheal/bench/cost/workload"
)

// better says in which direction units are good, for benchstat; lower where it does not.
var better = map[string]string{"msgs/CPU-s": "higher", "msgs/s": "higher"}

// writeBench writes a line per measurement in the format of Go benchmarks, pairs in the
// order of their measurement: /pair is the client that a baseline was paired with.
func writeBench(out io.Writer, outcomes []outcome) {
	fmt.Fprintf(out, "goos: %s\ngoarch: %s\npkg: github.com/wsheal/wsheal/bench/cost\n", runtime.GOOS, runtime.GOARCH)
	if cpu := cpuName(); cpu != "" {
		fmt.Fprintf(out, "cpu: %s\n", cpu)
	}
	told := make(map[string]bool)
	load := ""
	for _, o := range outcomes {
		for _, unit := range o.units() {
			if direction := better[unit]; !told[unit] {
				if direction == "" {
					direction = "lower"
				}
				fmt.Fprintf(out, "Unit %s better=%s\n", unit, direction)
				told[unit] = true
			}
		}
		for _, c := range o.contests {
			for _, p := range c.pairs {
				now := "quiet"
				if p.loaded() {
					now = "loaded"
				}
				if now != load {
					fmt.Fprintf(out, "machine: %s\n", now)
					load = now
				}
				writeLine(out, o.workload, c.name, c.name, &p.rival)
				writeLine(out, o.workload, c.name, o.baseline, &p.base)
			}
		}
	}
}

func writeLine(out io.Writer, name, pair, client string, r *workload.Result) {
	fmt.Fprintf(out, "BenchmarkCost/workload=%s/pair=%s/client=%s-%d\t1", name, pair, client, runtime.GOMAXPROCS(0))
	for _, unit := range r.Units {
		fmt.Fprintf(out, "\t%.6g %s", r.Values[unit], unit)
	}
	fmt.Fprintf(out, "\t%.3g foreign-share\t%.3g steal-share\n", r.Foreign, r.Steal)
}

// cpuName is the processor's, "" where /proc does not tell.
func cpuName() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
