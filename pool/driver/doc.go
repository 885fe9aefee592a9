// Package driver keeps a fleet of WebSocket clients connected over gobwas/ws. A client is
// a logical user whose identity and queue outlive its connections; when a connection
// breaks, the fleet heals it by the rules of a heal.Policy. The fleet decides nothing:
// every dial, ping, delay and end is ordered by [heal.Step], the same function that a
// simulator runs, and every decision is reported, so that a run can be replayed.
//
//	       Start, Send, Close                     Observe(Event)
//	              │                                     ▲
//	┌─────────────┼─────────────── Fleet ────────────────┼─────────┐
//	│             ▼                                     │         │
//	│   shard: mailbox ──▶ heal.Step ──▶ orders ────────┤         │  one loop per CPU
//	│      ▲       ▲ wheel (Arm)    │                   │         │
//	│      │       └────────────────┤                   │         │
//	│      │ Opened, Failed         │ Dial              │         │
//	│      ├────────── dial ◀───────┤                   │         │  a goroutine per dial
//	│      │ Proved, Lost           │ Ping, Kill, Shut  │         │
//	│      └────────── reader ──────┼───────────────────┤         │  one per connection
//	│                    │ Ack      ▼                   │         │
//	│   outbox ──────────┴──▶ flusher ──────────────────┘         │  one while there is
//	│      ▲                    │                                 │  something to write
//	└──────┼────────────────────┼─────────────────────────────────┘
//	     Send                   ▼
//	               raw TCP, or TLS over it
//
// # Messages
//
// [Fleet.Send] never waits: it queues, and a flusher writes everything that is due in
// one system call, control frames before data. Messages that are queued while a client
// has no usable connection are sent in order once it has one: a 101 is not enough, a
// pong or a data frame must have come back.
//
// AtMostOnce lets a message go once a byte of it was handed to the kernel. One that was
// cut short is Dropped with InDoubt; one that was not touched goes over the next
// connection. AtLeastOnce keeps a message until Options.Ack names its number, and sends
// what is not acknowledged again after each heal, in order, before newer messages.
// Duplicates are for the peer to recognise.
//
// # What ends a connection
//
// A policy's Kill closes the raw TCP connection: no close frame and no TLS alert is
// waited for. A close frame, ours or the peer's, is answered, and the peer has a second
// to close the TCP connection (RFC 6455 7.1.1); Lost is reported when that is over, so
// that a client never has two connections. A write that takes longer than
// Options.WriteTimeout ends it as write-stall. A breach of the protocol is answered with
// 1002, 1007 or 1009, which is then the Code of Lost. Close codes 1012 to 1014 and 3000
// to 4999 are accepted like those of RFC 6455.
//
// # Bounds
//
// A dial is bounded by Policy.HandshakeTimeout from TCP to the 101, which may take
// 64 KiB. Queues are bounded in frames and bytes (ErrQueueFull), messages from the peer
// by MaxMessage, and memory is allocated as bytes arrive, not as headers promise.
// An idle connection over plain TCP holds a goroutine and no buffer:
//
//	go test ./fleet -run '^$' -bench Idle     4.6 KB of stack and 2.0 KB of heap each
//
// # Time
//
// Every instant counts from Options.Epoch, and all waiting is done on the time package
// and on channels, so a fleet works in a testing/synctest bubble over a network in
// memory, where its timers are exact to the nanosecond. TLS holds mutexes while it
// waits and does not.
package driver
