package main

import (
	"fmt"
	"slices"

	"github.com/wsheal/wsheal/bench/cost/ratio"
	"github.com/wsheal/wsheal/bench/cost/workload"
)

// plan is what is compared in one workload.
type plan struct {
	workload string
	about    string
	unit     string // that is compared
	baseline string // the bare client that all others are paired with
	rivals   []string
	bar      ratio.Bar // that wsheal's own clients have to keep to
}

// ours are the clients that heal.
var ours = []string{"fleet", "pool"}

// others are the libraries of others, as they come.
var others = []string{"gorilla", "coder", "gws"}

// plans are all workloads. The baseline is the bare gobwas client that is the harder one to
// keep up with: the raw one holds less memory, the buffered one takes less CPU.
func plans(s *settings) []plan {
	all := []plan{
		{
			workload: "idle", unit: "rss-B/conn", baseline: "gobwas", bar: ratio.Bar{Limit: 1.5},
			about:  fmt.Sprintf("%d connections that have nothing to do: growth of VmRSS after two collections, heap and stacks", s.conns),
			rivals: slices.Concat(ours, []string{"gobwas-bufio"}, others),
		},
		{
			workload: "echo", unit: "us-CPU/msg", baseline: "gobwas-bufio", bar: ratio.Bar{Limit: 1.2},
			about:  fmt.Sprintf("closed loop, %d connections, 1 message of 64 B outstanding on each: CPU time of the client's process, user and system", s.busy),
			rivals: slices.Concat(ours, []string{"fleet-receive", "pool-send", "gobwas"}, others),
		},
		{
			workload: "burst", unit: "msgs/CPU-s", baseline: "gobwas-bufio", bar: ratio.Bar{Limit: 3, AtLeast: true},
			about:  fmt.Sprintf("closed loop, %d connections, 64 messages of 64 B at a time on each; the baseline writes each by itself", s.busy),
			rivals: slices.Concat(ours, []string{"fleet-receive", "pool-send", "gobwas-combined"}, others),
		},
		{
			workload: "reconnect", unit: "ms-usable", baseline: "gobwas", bar: ratio.Bar{Limit: 1.25},
			about:  fmt.Sprintf("%d connections are reset at once and come back without a spread, %d dials at a time: wall time until the last is usable, which takes those that heal a ping more than the 101; mean of %d times", s.lost, s.inFlight, workload.Waves),
			rivals: slices.Concat(ours, []string{"gobwas-ping"}, others),
		},
	}
	all = slices.DeleteFunc(all, func(p plan) bool { return len(s.only) > 0 && !slices.Contains(s.only, p.workload) })
	for i := range all {
		all[i].rivals = slices.DeleteFunc(all[i].rivals, func(name string) bool {
			return len(s.clients) > 0 && !slices.Contains(s.clients, name)
		})
	}
	return all
}

// connsOf is how many connections a workload has.
func (s *settings) connsOf(workload string) int {
	switch workload {
	case "idle":
		return s.conns
	case "reconnect":
		return s.lost
	}
	return s.busy
}

// inFlightOf is how many dials are under way at once. For connections that are to be
// weighed it is few: what a dial leaves behind is not what a connection holds.
func (s *settings) inFlightOf(workload string) int {
	if workload == "idle" {
		return min(s.inFlight, 16)
	}
	return s.inFlight
}

func workloadNames() (names []string) {
	for _, p := range plans(&settings{}) {
		names = append(names, p.workload)
	}
	return names
}

func rivalNames() (names []string) {
	for _, p := range plans(&settings{}) {
		names = append(names, p.rivals...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
