// Package foreign breaks things through a toxiproxy-server that was there before, found at
// a URL: the stock one, with what it can express and no more.
//
//	Front ─▶ POST /proxies       wsheal_<run>_<target>, in the ledger first
//	Inject ─▶ canaries dial ─▶ POST …/toxics ─▶ the answer says what was asked
//	Clear ─▶ DELETE …/toxics
//	Close ─▶ DELETE /proxies/…   struck from the ledger
//
// What else the server holds is not looked at, and its reset, which is for everybody, never
// called. Toxics there do not end by themselves: what a crash leaves, Restore removes.
//
// # Evidence
//
// The server counts nothing that can be read while a connection lives, so a fault is
// confirmed by canaries: WebSocket connections of the driver's own through the same proxy,
// open before the fault, that send pings. An answer that comes too soon, or at all, shows
// that a fault does not act. Targeted and Hit count canaries.
//
// # How long it takes to clear
//
// Milliseconds, and where clients have given up meanwhile seconds, as Toxiproxy waits for each
// piece that it had held for them, and lets nobody new in while it does: so the fault is
// cleared when that has ended, and not before. Clear waits up to 15 s.
//
// # A server that hangs
//
// Toxiproxy 2.12 waits for ever to add or remove a toxic where a connection has stopped
// reading, with the lock held that everything else needs. Every call has a limit; when one
// runs into it the server is given up, evidence is an error, and the run proves nothing.
// The proxy is then not deleted, which would hold up the server's other proxies too.
package foreign
