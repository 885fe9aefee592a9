package heal

import (
	"maps"
	"slices"
)

// edge is a change of phase by an event.
type edge struct {
	from Phase
	by   EventKind
	to   Phase
}

// edges are all there are, those of doc.go's picture. To Retired lead edges by Close from
// everywhere.
var edges = legalEdges()

func legalEdges() map[edge]bool {
	starts := []Phase{Dialing, Asking}                // alone, in a pool
	ends := []Phase{Waiting, Dialing, Asking, GaveUp} // Dialing and Asking where there is no delay
	stay := []Phase{Ready, Stable}
	table := map[Phase]map[EventKind][][]Phase{
		Idle:     {Start: {starts}},
		Waiting:  {TimerFired: {starts}},
		Asking:   {Admitted: {{Dialing}}, Scatter: {{Waiting}}},
		Dialing:  {Opened: {{Proving}}, Failed: {{Waiting, GaveUp}}, TimerFired: {{Waiting, GaveUp}}},
		Proving:  {Proved: {{Ready}}, Lost: {ends}, Disproved: {ends}, TimerFired: {ends}},
		Ready:    {TimerFired: {{Stable, Suspect, Checking, Moving}, ends}, Lost: {ends}, Disproved: {ends}, Move: {{Moving}}},
		Stable:   {TimerFired: {{Suspect, Checking, Moving}, ends}, Lost: {ends}, Disproved: {ends}, Move: {{Moving}}},
		Suspect:  {TimerFired: {stay, ends}, Proved: {stay}, Lost: {ends}, Disproved: {ends}},
		Checking: {Checked: {stay}, Lost: {ends}, Disproved: {ends}, TimerFired: {ends}},
		// Moving by timer: the connection is pinged, or killed for want of the server's pings,
		// only while admission is waited for; and never is it alone then.
		Moving: {
			Opened: {{Joining}}, Failed: {stay}, Scatter: {stay}, Lost: {ends}, Disproved: {ends},
			TimerFired: {stay, {Suspect, Waiting, Asking, GaveUp}},
		},
		// Joining: the end of the one connection leaves the other, unless nothing may be dialled
		// where that is going.
		Joining: {
			Proved: {{Ready}}, TimerFired: {stay}, Lost: {stay, {Proving, Waiting, Dialing, Asking}},
			Disproved: {stay, {Proving, Waiting, Dialing, Asking}},
		},
		GaveUp: {Start: {starts}},
	}
	all := map[edge]bool{}
	for from, by := range table {
		for kind, tos := range by {
			for _, to := range slices.Concat(tos...) {
				if to != from {
					all[edge{from, kind, to}] = true
				}
			}
		}
	}
	for phase := Idle; int(phase) < Phases; phase++ {
		if phase != Retired {
			all[edge{phase, Close, Retired}] = true
		}
	}
	return all
}

// rare are edges that only a draw of exactly 0 takes.
var rare = map[edge]bool{
	{Dialing, Failed, Asking}: true, {Dialing, TimerFired, Asking}: true,
}

// missing are the legal edges that are not in seen, in order.
func missing(seen map[edge]bool) []edge {
	left := maps.Clone(edges)
	maps.DeleteFunc(left, func(e edge, _ bool) bool { return seen[e] })
	return slices.SortedFunc(maps.Keys(left), func(a, b edge) int {
		return (int(a.from)-int(b.from))*1000 + (int(a.by)-int(b.by))*50 + int(a.to) - int(b.to)
	})
}
