package report

import (
	"slices"
	"strings"
)

// phasesTold are the phases that a metric can be told of.
var phasesTold = []string{warmup, baseline, "chaos", "recovery", verify}

// byPhase says whether a metric can be told of one phase: of the messages that were due in
// it.
func byPhase(name string) bool { return phaseCount(name) != nil || name == "avail.msg" }

// phaseCount is what a metric counts of the messages of a phase; nil where it counts
// nothing that is known by phase.
func phaseCount(name string) func(c LoadCount, lost int64) int64 {
	switch name {
	case "messages.intended":
		return func(c LoadCount, _ int64) int64 { return c.Intended }
	case "messages.acked":
		return func(c LoadCount, _ int64) int64 { return c.Acked }
	case "messages.lost":
		return func(_ LoadCount, lost int64) int64 { return lost }
	case "messages.dup":
		return func(c LoadCount, _ int64) int64 { return c.Dup }
	case "messages.resent":
		return func(c LoadCount, _ int64) int64 { return c.Resent }
	case "messages.dropped":
		return func(c LoadCount, _ int64) int64 { return c.Dropped }
	case "messages.waited":
		return func(c LoadCount, _ int64) int64 { return c.Waited }
	}
	return nil
}

// ofFault are the metrics that can be told of one fault.
var ofFault = []string{"recovery.t50", "recovery.t90", "recovery.t99", "recovery.t100", "latency.shift", "latency.control_shift", "clients.reset"}

func byFault(name string) bool { return slices.Contains(ofFault, name) }

// told is the value of a metric of one fault or phase; ok is false where there is none.
func (s *Summary) told(name, of string) (v float64, ok bool) {
	if byPhase(name) {
		return s.toldOfPhase(name, of)
	}
	for i := range s.Faults {
		if s.Faults[i].Name == of {
			return s.Faults[i].told(name)
		}
	}
	return 0, false
}

func (s *Summary) toldOfPhase(name, phase string) (float64, bool) {
	c, had := s.Messages[phase]
	if !had || c.Intended == 0 || s.Run.lacks(name) != "" || s.Ended.early() && slices.Contains(onlyAtTheEnd, name) {
		return 0, false
	}
	if count := phaseCount(name); count != nil {
		return float64(count(c, s.Lost[phase])), true
	}
	return float64(c.Intended-s.Lost[phase]) / float64(c.Intended), true
}

func (f *FaultResult) told(name string) (float64, bool) {
	switch name {
	case "latency.shift":
		return ofShift(f.Shift)
	case "latency.control_shift":
		return ofShift(f.ControlShift)
	case "clients.reset":
		return float64(f.SawReset), f.Commanded > 0
	}
	marks := map[string]int64{"t50": f.Fleet.T50, "t90": f.Fleet.T90, "t99": f.Fleet.T99, "t100": f.Fleet.T100}
	return seconds(marks[name[strings.LastIndexByte(name, '.')+1:]], f.Fleet.Zero != 0)
}

func ofShift(ns *int64) (float64, bool) {
	if ns == nil {
		return 0, false
	}
	return float64(*ns) / 1e9, true
}
