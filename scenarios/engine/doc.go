// Package engine runs one scenario in real time and writes its journal.
//
//	scenario ─▶ Run ─┬▶ start    targets and proxy, each a process of its own
//	                 ├▶ ramp     first dials, paced
//	                 ├▶ drive    the open-loop load ──▶ driver.Send
//	                 ├▶ steady   judged at the baseline's end, before anything is broken
//	                 ├▶ inject   one goroutine per fault: commanded, confirmed, cleared
//	                 └▶ sample   every process, target and proxy, once a second
//	                       │
//	    driver.Event ──▶ recorder ──▶ journal.ndjson, latency.hlog
//
// The engine sees faults only as chaos.Injector, what the proxy saw only as chaos.Wire,
// and targets and proxy only as the interfaces of Env: the command line wires the real
// ones. What a run means is not decided here: package report reads the two files.
package engine
