package report

import "slices"

// heardFor is how long a target's count of its connections stands: it is asked every second.
const heardFor = int64(2e9)

// Connections is how many connections the targets themselves had open. The clients have no
// say in it, so that it shows what a client has open and does not know of.
type Connections struct {
	PerClient float64 `json:"per_client"` // median over the baseline, for each client of the run
	Baseline  int64   `json:"baseline"`   // the same, in all
	After     int64   `json:"after"`      // at the end
	LeftOver  int64   `json:"left_over"`  // by how many After exceeds Baseline; 0: it does not
}

// connections follows what the targets count.
type connections struct {
	clients  int
	baseline bool
	open     map[string]int64 // by target, at its last word
	heard    map[string]int64 // when that was
	calm     []int64          // over all targets, in the baseline
}

func newConnections(run *Run) *connections {
	return &connections{clients: run.Clients, open: map[string]int64{}, heard: map[string]int64{}}
}

func (c *connections) Add(rec Record) {
	switch {
	case rec.Phase != nil:
		c.baseline = rec.Phase.Name == "baseline"
	case rec.Target != nil:
		name := rec.Target.Name
		if _, known := c.open[name]; !known && len(c.open) >= namesMost {
			return
		}
		c.open[name], c.heard[name] = rec.Target.Live, rec.T
		if all, ok := c.now(rec.T); ok && c.baseline {
			c.calm = append(c.calm, all)
		}
	}
}

// now is how many are open at all targets; ok is false when one has not been heard of lately.
func (c *connections) now(at int64) (all int64, ok bool) {
	for name, n := range c.open {
		if at-c.heard[name] > heardFor {
			return 0, false
		}
		all += n
	}
	return all, len(c.open) > 0
}

// Close returns the result, nil where no target counted in the baseline, or not at the end.
func (c *connections) Close(end int64) *Connections {
	after, ok := c.now(end)
	if !ok || len(c.calm) == 0 || c.clients == 0 {
		return nil
	}
	slices.Sort(c.calm)
	usual := c.calm[len(c.calm)/2]
	return &Connections{
		PerClient: float64(usual) / float64(c.clients), Baseline: usual,
		After: after, LeftOver: max(0, after-usual),
	}
}
