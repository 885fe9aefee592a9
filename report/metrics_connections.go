package report

// connectionMetrics are those of what the targets have open.
func connectionMetrics(t *metricList) {
	const source = "gauges of the embedded targets, read once a second; the clients' own count is not asked"
	counted := func(of func(*Connections) float64) func(*Summary) (float64, bool) {
		return func(s *Summary) (float64, bool) {
			if s.Connections == nil {
				return 0, false
			}
			return of(s.Connections), true
		}
	}
	t.add("connections.per_client", "count", "Connections that the targets count as open for each client, median over the baseline: above 1, clients have more than one.", source, counted(func(c *Connections) float64 { return c.PerClient }))
	t.add("connections.left_over", "count", "Connections that the targets count as open at the end beyond the baseline's median: those that clients left behind.", source, counted(func(c *Connections) float64 { return float64(c.LeftOver) }))
}
