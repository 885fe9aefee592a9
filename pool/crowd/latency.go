package crowd

import (
	"cmp"
	"slices"
	"time"

	"github.com/wsheal/wsheal/pool/heal"
)

// pings compares how fast endpoints answer, in windows.
type pings struct {
	end   heal.Instant
	means []mean // of the window that is looked at
}

// mean is one endpoint's in one window.
type mean struct {
	took     time.Duration
	priority int
	endpoint *endpoint
}

const (
	pingWindow  = 10 * time.Second
	pingsLeast  = 3 // fewer in a window say nothing
	pingOutlier = 3 // times the median of the others
	pingWindows = 3 // in a row, until an endpoint is degraded
	lagLeast    = 0.1
	lagMost     = 0.5
)

// answered counts a ping. The windows are closed by the first ping after their end: where
// none are answered, there is nothing to compare.
func (c *Crowd) answered(ev Event) {
	if c.now >= c.pings.end {
		c.compare()
		c.pings.end = c.now.Add(pingWindow)
	}
	if ev.Took > 0 {
		e := &c.endpoints[ev.Endpoint]
		e.pingSum += ev.Took
		e.pingN++
	}
}

// compare holds each endpoint against the others of its tier; another tier may well be
// further away.
func (c *Crowd) compare() {
	all := c.pings.means[:0]
	for i := range c.endpoints {
		e := &c.endpoints[i]
		if e.listed() && e.pingN >= pingsLeast {
			all = append(all, mean{e.pingSum / time.Duration(e.pingN), e.Priority, e})
		} else {
			c.judge(e, 0, 0)
		}
		e.pingSum, e.pingN = 0, 0
	}
	slices.SortFunc(all, func(a, b mean) int {
		return cmp.Or(cmp.Compare(a.priority, b.priority), cmp.Compare(a.took, b.took))
	})
	c.pings.means = all
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].priority == all[0].priority {
			n++
		}
		// The median of the others, for each that is slower than it: whoever is not would
		// be no outlier by his own median, either.
		others := time.Duration(0)
		if n > 1 {
			others = all[(n-2)/2].took
		}
		for _, m := range all[:n] {
			c.judge(m.endpoint, m.took, others)
		}
		all = all[n:]
	}
}

// judge compares one window of an endpoint with the median of the others, 0 for none.
// Several windows in a row make an outlier, one that is not ends it.
func (c *Crowd) judge(e *endpoint, took, others time.Duration) {
	if others == 0 || took <= max(pingOutlier*others, others+noise) {
		e.outlier = 0
		c.slow(e, false, 1)
		return
	}
	if e.outlier++; e.outlier >= pingWindows {
		c.slow(e, true, min(max(float64(others)/float64(took), lagLeast), lagMost))
	}
}
