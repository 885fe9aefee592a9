package scenarios

import (
	"encoding/base64"
	"slices"

	"github.com/wsheal/wsheal/chaos"
)

// Uses says whether clients may dial a target.
func (s *Scenario) Uses(target string) bool {
	return slices.ContainsFunc(s.Clients.Endpoints, func(e Endpoint) bool { return e.Target == target })
}

// Touches says whether a fault touches a client. A fault on a target that no client
// dials touches nobody.
func (s *Scenario) Touches(f Fault, client int) bool {
	return slices.ContainsFunc(f.Targets(), s.Uses) && chaos.InCohort(f.Seed, f.Name, uint64(client), f.Share)
}

// CohortSize counts the clients that a fault touches.
func (s *Scenario) CohortSize(f Fault) int {
	n := 0
	for client := range s.Clients.Count {
		if s.Touches(f, client) {
			n++
		}
	}
	return n
}

// Faulted says whether any fault touches a client. Those that none touches are the
// control cohort.
func (s *Scenario) Faulted(client int) bool {
	return slices.ContainsFunc(s.Faults, func(f Fault) bool { return s.Touches(f, client) })
}

// ControlBitmap is the control cohort as report.Run.Control has it: base64 of
// little-endian bits by client, "" when every client is touched by a fault.
func (s *Scenario) ControlBitmap() string {
	bits := make([]byte, (s.Clients.Count+7)/8)
	empty := true
	for client := range s.Clients.Count {
		if !s.Faulted(client) {
			bits[client/8] |= 1 << (client % 8)
			empty = false
		}
	}
	if empty {
		return ""
	}
	return base64.StdEncoding.EncodeToString(bits)
}
