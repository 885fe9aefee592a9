// Package conformance holds the wire of wsheal against its peers, by tests alone.
//
// Whatever a gorilla or a coder server sends, cut short, bent or spliced, a raw server
// replays to three clients: ours, gorilla's and coder's. What they receive, which pings they
// answer and with which code they close must agree, save where a table says why not, with
// the section of the RFC. And whatever our client sends, both servers receive.
//
//	plan ──▶ gorilla or coder server ──▶ bytes ──▶ edits ──┬──▶ ours    ──▶ verdict ─┐
//	                                                       ├──▶ gorilla ──▶ verdict ─┼──▶ agree, or explained
//	                                                       └──▶ coder   ──▶ verdict ─┘
package conformance
