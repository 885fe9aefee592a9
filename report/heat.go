package report

import (
	"math"
	"slices"
	"sort"
)

const (
	// heatPerDecade is how many rows of a heat map make a factor of ten.
	heatPerDecade = 8
	// heatColumns bounds the columns of a heat map: beyond it, two become one.
	heatColumns = 240
)

// Heat is a latency heat map: how many answers came in each step of time, by how long
// they took. Rows are a factor of 10^(1/8) high; row r of a column holds the answers from
// heatEdge(Low + r) on.
type Heat struct {
	Kind   string    `json:"kind"`   // response, service
	Step   int64     `json:"step"`   // ns of a column
	Low    int       `json:"low"`    // lowest row: eighths of a decade above 1 µs
	Counts [][]int64 `json:"counts"` // by column, then by row; without the empty rows at the end
}

// heatEdges are the lower edges of the rows, ns: 1 µs × 10^(k/8) up to an hour.
var heatEdges = func() (edges []int64) {
	for k := 0; ; k++ {
		e := int64(math.Round(float64(lowest) * math.Pow(10, float64(k)/heatPerDecade)))
		if e > ceiling {
			return edges
		}
		edges = append(edges, e)
	}
}()

// heatEdge is the lower edge of a row, ns.
func heatEdge(row int) int64 { return heatEdges[min(max(row, 0), len(heatEdges)-1)] }

// heatRow is the row of a latency; what is shorter than a microsecond is in the first.
func heatRow(ns int64) int {
	return max(0, sort.Search(len(heatEdges), func(i int) bool { return heatEdges[i] > ns })-1)
}

// heat gathers one heat map, column by column.
type heat struct {
	columns [][]int64 // by all rows
}

// add counts the answers of one column.
func (h *heat) add(column int, s *series) {
	for len(h.columns) <= column {
		h.columns = append(h.columns, nil)
	}
	for _, bar := range s.hist.Distribution() {
		if bar.Count == 0 {
			continue
		}
		if h.columns[column] == nil {
			h.columns[column] = make([]int64, len(heatEdges))
		}
		// A bar is a thousandth wide. By its upper end, 10 ms are not under 10 ms.
		h.columns[column][heatRow(bar.To)] += bar.Count
	}
}

// Close returns the map of the rows that hold anything, nil when none does.
func (h *heat) Close(kind string, step int64) *Heat {
	out := &Heat{Kind: kind, Step: step}
	for len(h.columns) > heatColumns {
		h.columns, out.Step = pairs(h.columns), out.Step*2
	}
	low := len(heatEdges)
	for _, c := range h.columns {
		if at := slices.IndexFunc(c, positive); at >= 0 {
			low = min(low, at)
		}
	}
	if low == len(heatEdges) {
		return nil
	}
	out.Low, out.Counts = low, make([][]int64, len(h.columns))
	for i, c := range h.columns {
		out.Counts[i] = []int64{}
		for at := len(c); at > low; at-- {
			if c[at-1] > 0 {
				out.Counts[i] = c[low:at]
				break
			}
		}
	}
	return out
}

func positive(n int64) bool { return n > 0 }

// pairs adds up each two columns that follow each other.
func pairs(columns [][]int64) [][]int64 {
	out := columns[:0]
	for i := 0; i < len(columns); i += 2 {
		sum := columns[i]
		if i+1 < len(columns) && columns[i+1] != nil {
			if sum == nil {
				sum = columns[i+1]
			} else {
				for r, n := range columns[i+1] {
					sum[r] += n
				}
			}
		}
		out = append(out, sum)
	}
	return out
}
