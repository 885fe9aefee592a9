// Package serve shows a run to browsers and to Prometheus while it goes on.
//
//	Tracker ──Sample──▶ State ──▶ Server ─┬▶ /         what goes on, drawn anew every second
//	                                      ├▶ /events   the same as server-sent events
//	journal so far ──▶ report ────────────├▶ /report   the report, of what is recorded so far
//	                                      └▶ /metrics  Prometheus text
//
// A Server is one more view of live.Run. It keeps the last state and draws only when
// somebody asks, and then once for all who do: the process that serves is the one that
// makes the load. When the run is over, / is its report.
//
// Pages have no inline script and no inline style: a policy forbids them. Without scripts
// the page refreshes itself.
package serve
