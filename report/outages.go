package report

import (
	"cmp"
	"slices"
)

// slowestMost bounds how many outages are told one by one.
const slowestMost = 20

// Outages takes the outages of the clients apart: one per client and fault, from the
// fault's confirmation, or the loss where that came first, until the client was usable for
// good. One that is not over counts up to the end of the run.
type Outages struct {
	N       int      `json:"n"`
	Total   float64  `json:"total"`   // client-seconds of all of them
	Parts   []Part   `json:"parts"`   // in the order in which they come; their totals sum to Total
	Dial    Part     `json:"dial"`    // of them, tcp, tls, upgrade and dial together
	Slowest []Outage `json:"slowest"` // those never healed first, then the longest
}

// Part is what clients were at in their outages.
type Part struct {
	Name  string  `json:"name"`  // detect backoff admission failed tcp tls upgrade dial prove relapse stopped
	Total float64 `json:"total"` // client-seconds
	Share float64 `json:"share"` // of Outages.Total
	Quantiles
}

// Outage is one outage of one client, its parts summing to Whole.
type Outage struct {
	Client   int              `json:"client"`
	Fault    string           `json:"fault"`
	Lost     int64            `json:"lost"` // when the loss was noticed
	Back     int64            `json:"back"` // -1: never
	Whole    int64            `json:"whole"`
	Attempts int              `json:"attempts"`
	Parts    map[string]int64 `json:"parts"` // those longer than 0
	Strip    []Stretch        `json:"strip"` // the same as they followed each other
}

// takeApart sums the outages up; nil when there are none.
func takeApart(samples []sample) *Outages {
	if len(samples) == 0 {
		return nil
	}
	out := &Outages{N: len(samples), Slowest: []Outage{}}
	each := make([]int64, len(samples))
	sum := func(name string, first, last part) Part {
		x := Part{Name: name}
		for i := range samples {
			each[i] = 0
			for p := first; p <= last; p++ {
				each[i] += samples[i].parts[p]
			}
			x.Total += float64(each[i]) / 1e9
		}
		x.Quantiles = quantiles(each)
		return x
	}
	for p := range partCount {
		x := sum(partNames[p].name, p, p)
		out.Parts = append(out.Parts, x)
		out.Total += x.Total
	}
	out.Dial = sum(partNames[dialling].name, connecting, dialling)
	if out.Total > 0 {
		for i := range out.Parts {
			out.Parts[i].Share = out.Parts[i].Total / out.Total
		}
		out.Dial.Share = out.Dial.Total / out.Total
	}
	for _, i := range slowest(samples) {
		s := &samples[i]
		x := Outage{Client: s.client, Fault: s.fault, Lost: s.from, Back: s.to, Whole: s.parts.sum(), Attempts: s.attempts, Parts: map[string]int64{}}
		if !s.healed {
			x.Back = -1
		}
		for p, ns := range s.parts {
			if ns > 0 {
				x.Parts[partNames[p].name] = ns
			}
		}
		x.Strip = s.strip()
		out.Slowest = append(out.Slowest, x)
	}
	return out
}

// slowest are the places of those samples that are told one by one, in their order.
func slowest(samples []sample) []int {
	slower := func(i, j int) int {
		a, b := &samples[i], &samples[j]
		if a.healed != b.healed {
			if b.healed {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(b.parts.sum(), a.parts.sum()), cmp.Compare(i, j))
	}
	var out []int
	for i := range samples {
		at, _ := slices.BinarySearchFunc(out, i, slower)
		if out = slices.Insert(out, at, i); len(out) > slowestMost {
			out = out[:slowestMost]
		}
	}
	return out
}
