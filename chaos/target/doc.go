// Package target is the embedded server under test: a WebSocket echo server whose
// capacity to accept connections is known, so that reconnect storms and what becomes
// of them can be watched on one machine with real sockets.
//
//	accept ─▶ read the upgrade ─▶ capacity: workers, queue ─▶ 101 ─▶ echo frame by frame
//	               │ malformed        │ overflow    │ left
//	               ▼                  ▼             ▼
//	             4xx           503, reset, hang   closed
//
// One goroutine serves a connection from its acceptance to its end, through all of
// that; while it waits for a worker it reads, which is how a server learns that the
// client has left.
//
// TLS, where it is asked for, comes before the request. What can be done to a connection
// until its 101 is in chaos/door; a target misbehaves by hooks (hook.go), which come and go
// over its control API and count what they did (Injector).
//
// The echo: every data frame goes back as it came, fragments as fragments, in one
// write; pings are answered, close frames are echoed with their code (1012–1014
// included); a violation of RFC 6455 is answered with a close frame and its code.
// Whether text is UTF-8 is not looked at, and no extension is negotiated; the first
// subprotocol offered is accepted.
//
// What is bounded, and what is not: an upgrade request has a size and a time in which
// to arrive whole, a message has a size, a write has a time. An upgraded connection may
// be silent for ever, in the middle of a frame too: a partition must be able to
// outlast any such limit without the server having a part in what follows.
package target
