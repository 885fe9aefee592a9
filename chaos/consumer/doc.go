// Package consumer makes clients slow: it stands between a client and its connection, and
// what the client reads it lets through at a rate.
//
//	client ◀── Read, held until it is paid for ◀── socket, where the rest lies unread
//	       ───────────────── Write ──────────────▶
//
// Who calls Injector.Wrap for each connection of a client, from its first byte, can have
// faults come and go on it.
package consumer
