package compare

import "strings"

// Direction is which way a metric is better.
type Direction uint8

// Directions. Of most metrics, times, waste and harm, less is better.
const (
	Less Direction = iota
	More
	Neither // it describes the load, the fault or the server
)

// DirectionOf is the direction of a metric, by its name.
func DirectionOf(metric string) Direction {
	for _, d := range descriptive {
		if metric == d || strings.HasSuffix(d, ".") && strings.HasPrefix(metric, d) {
			return Neither
		}
	}
	if better[metric] != nil {
		return More
	}
	return Less
}
