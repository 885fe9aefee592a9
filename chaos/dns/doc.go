// Package dns is the resolver of a run: a DNS server on loopback, over UDP and TCP, that
// knows the names of the run's targets, and lies when a fault says so.
//
//	clients ── Lookup ──▶ TCP ─┐
//	others  ───────────▶ UDP ──┴─▶ Server ──▶ rule of the fault in force ──▶ answer, or none
//	                                  └──▶ counts, where the answer is made
//
// It is a server and not a function, so that what is tested is a resolver as clients have
// it, with its timeouts and its retries. It does not recurse: of other names there are none.
package dns
