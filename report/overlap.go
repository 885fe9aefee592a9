package report

import (
	"cmp"
	"slices"
)

// apart makes of intervals that overlap, as those of several machines do, ones that follow
// each other: those of the same span become one, and what still overlaps is cut where any
// begins or ends, its counts shared out by time. Nothing is lost on the way: the parts of
// an interval have its counts. Where none overlap they are what they were.
func apart(all []loadInterval) []loadInterval {
	slices.SortStableFunc(all, func(a, b loadInterval) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	var out []loadInterval
	overlap := false
	for _, iv := range all {
		last := len(out) - 1
		if last >= 0 && out[last].from == iv.from && out[last].to == iv.to {
			out[last] = out[last].plus(iv)
			continue
		}
		overlap = overlap || last >= 0 && iv.from < out[last].to
		out = append(out, iv)
	}
	if !overlap {
		return out
	}
	return cut(out)
}

// cutsMost bounds how often an interval is cut in all: several machines for a day come
// nowhere near, a journal whose intervals all begin at 0 does, and is left as it is.
const cutsMost = 1 << 22

// cut shares intervals out over the spans between any two neighbours of their edges.
func cut(all []loadInterval) []loadInterval {
	var edges []int64
	for _, iv := range all {
		edges = append(edges, iv.from, iv.to)
	}
	slices.Sort(edges)
	edges = slices.Compact(edges)
	cuts := 0
	for _, iv := range all {
		first, _ := slices.BinarySearch(edges, iv.from)
		last, _ := slices.BinarySearch(edges, iv.to)
		if cuts += last - first; cuts > cutsMost {
			return all
		}
	}
	out := make([]loadInterval, max(0, len(edges)-1))
	for i := range out {
		out[i].from, out[i].to = edges[i], edges[i+1]
	}
	for _, iv := range all {
		first, _ := slices.BinarySearch(edges, iv.from)
		for i := first; i < len(out) && out[i].from < iv.to; i++ {
			a, b := portion(out[i].from, iv), portion(out[i].to, iv)
			out[i] = out[i].plus(loadInterval{
				intended: b(iv.intended) - a(iv.intended), sent: b(iv.sent) - a(iv.sent), acked: b(iv.acked) - a(iv.acked),
				resent: b(iv.resent) - a(iv.resent), dropped: b(iv.dropped) - a(iv.dropped),
			})
		}
	}
	return out
}

// portion is how much of a count falls into an interval up to a moment of it, when it is
// spread evenly: rounded, so that portions of all of it sum to the whole.
func portion(t int64, iv loadInterval) func(n int64) int64 {
	share := float64(t-iv.from) / float64(iv.to-iv.from)
	return func(n int64) int64 { return int64(float64(n) * share) }
}
