package report

// Gate is a limit on a metric, or a condition of the steady state.
type Gate struct {
	Text   string  // as written
	Metric string  // a name that Lookup knows
	Op     string  // < <= > >= == !=
	Limit  float64 // in the metric's unit
}

// ParseGate reads "metric op quantity", as in "recovery.t99 < 8s". The error says
// what was expected, and names the nearest metric when the metric is unknown.
func ParseGate(text string) (Gate, error) { panic("contract") }
