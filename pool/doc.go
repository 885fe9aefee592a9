// Package pool is a pool of WebSocket connections that heal, for programs that need a
// server to be there: requests, notifications, sticky sessions, exclusive connections.
//
//	p, err := pool.Open(ctx, pool.Config{Endpoints: []pool.Endpoint{{URL: "wss://api.example.com/ws"}}})
//	if err != nil {
//		return err // the target could not be reached, and why
//	}
//	defer p.Close(context.Background())
//	receipt, err := p.Send(ctx, pool.Message{Payload: data})
//
// Connections are dialled, proved, pinged, replaced and given up by the rules of a
// heal.Policy, each for itself, and by those of a crowd.Policy for all together: who may
// dial now, which endpoint is fit, whether so many were lost that coming back has to be
// spread. Config.Policy and Config.Crowd set them; their zero values are complete. Nothing
// in this package decides by a cause or an attempt.
//
// # The life of a connection
//
// A connection of the pool is a client with a number, which stays the same while the
// TCP connection under it is lost and replaced.
//
//	  Add                admitted        101         pong, Validate
//	──────▶ asking ──────────▶ dialing ──────▶ proving ──────▶ READY ◀──────────────┐
//	          ▲                   │               │              │  planned move:    │
//	          │                   ▼               ▼              │  the new one      │
//	       waiting ◀──────── failed, worth another try ◀──── lost│  first, then      │
//	                              │                              └──▶ the old drains ┘
//	                              ▼
//	                           GAVE UP ── Restart, RestartAfter ──▶ asking
//
// And of an endpoint, one address that a name of Config.Endpoints resolved to:
//
//	unknown ──▶ healthy ⇄ degraded (slow: it gets less)
//	               │ ▲
//	   2 in a row  │ │ stable
//	               ▼ │
//	            ejected ──▶ probing ──▶ warming (10 % to 100 % of its share)
//	               ▲           │
//	               └───────────┘
//
// # What is guaranteed
//
//   - A message is sent by one connection at a time, and written to another one only when no
//     byte of it reached the kernel, or when it is Idempotent and expects an answer.
//   - A Receipt never says more than is known: NotSent, Written, Acked, Unknown.
//   - A Session keeps the order of its messages over any number of connections. With Ack,
//     what it accepted is sent until it is acknowledged or Ring.Age is over, and then it
//     says so.
//   - Nothing waits for ever: every dial, handshake, write and close has a deadline, and
//     every wait of a caller has his context.
//   - A context that expires ends a wait. It never ends a connection.
//   - A nil context panics before anything is begun.
//   - Every queue is bounded and says what happens when it is full.
//   - The functions of Config run under no lock and on no goroutine that reads from a
//     connection; every method of the pool may be called from them.
//
// # What happens when
//
// A server restarts (close 1001 or 1012, or a reset): its connections are lost. Messages
// that were written and expect an answer are sent again elsewhere if idempotent, else
// Unknown. Those still queued wait for their connection, which comes back within the
// policy's window, sooner if few were lost, spread if many. Subscriptions are asked for on
// another connection at once, sessions say Hello again.
//
// One endpoint of several is down: after 2 failures in a row it is ejected, and its
// connections are dialled to the others. A leased probe finds out when it is back; it then
// gets its share slowly, and connections move over, at most 1 % per second.
//
// All endpoints are down: nothing is ejected any more. Attempts go on, at the pace that
// backoff and retry budget allow, one per endpoint every 10 s at the least, for ever. Send
// waits as long as its context lets it, then fails with ErrNoConnection and the last cause.
//
// Credentials are rejected (401, 403, 4401, 4403): Config.Credentials is asked for new ones,
// once for all connections. If those are rejected too, or there is no such function, the
// connections give up; while it returns errors they go on asking, at the pace of backoff.
//
// A server asks for time (429, 503 or 1013, with Retry-After): the connection is not dialled
// before, and the endpoint is left alone as long; more than 5 min counts as 5 min.
//
// Connections give up when trying again would be answered the same way: bad credentials,
// 400, 404, 426, a bad certificate and nowhere else to go. Each one is a GaveUp event,
// logged as an error. When all have given up, Send, Request, Subscribe and Acquire fail at
// once with ErrGaveUp and a *Failure that names the cause. Each tries again after
// Config.RestartAfter, or when Restart is called; the pool is never silently dead.
//
// A reader is slow: a Session's holds up its own connection, so that the server feels it;
// a Subscription's loses the oldest messages and is told how many (Gap); Config.Receive's
// holds up the connections. Each can be set otherwise.
//
// The server does not read: the queue of its connection fills, and Send takes other
// connections, then does what Config.QueueFull says. A write that makes no progress for
// Policy.WriteStall ends the connection.
//
// The pool is Closed: everyone who waits gets ErrClosed, receipts become NotSent or
// Unknown, every connection gets a close frame, and after at most 5 s nothing is left but
// functions of Config that do not return.
//
// # Watching it
//
// Watch gives typed events and never holds the pool up; Snapshot gives numbers; package
// prom shows them to Prometheus; Config.Logger gets the events, from Debug for single
// attempts to Error for GaveUp, and nothing per message.
package pool
