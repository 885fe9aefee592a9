// Package live shows a run while it goes: on a terminal a frame that is redrawn in
// place, elsewhere one line per change of state, for people or as JSON. Package
// report/serve is a view, too, for browsers and Prometheus.
//
//	engine ──▶ Tracker ──Sample──▶ State ──▶ Views: Terminal, Plain, JSON ──▶ stderr
//	 (many goroutines)   (one, at most 10 times a second)
//
// The engine's calls on the hot path are single atomic additions; all else is worked
// out by Sample, on the goroutine that draws. What is shown is a view: the report is
// computed from the journal, and exact where this is sampled.
package live
