// Package driver keeps numbered WebSocket clients connected. A client is a logical user
// whose identity and queue outlive its connections; when a connection breaks, the fleet
// heals it by the rules of a heal.Policy. The fleet decides nothing: every dial, ping,
// delay and end is ordered by [heal.Step], the same function that a simulator runs, and
// every decision is reported, so that a run can be replayed. What clients of one pool
// decide together is crowd's to say.
//
//	       Start, Send, Move, Remove                Observe(Event)   Receive
//	              │                                     ▲               ▲
//	┌─────────────┼─────────────── Fleet ────────────────┼───────────────┼────┐
//	│             ▼                                     │            inbox    │
//	│   shard: mailbox ──▶ heal.Step ──▶ orders ────────┤               ▲     │  one loop per CPU
//	│      ▲       ▲ wheel (Arm)    │                   │               │     │
//	│      │       └────────────────┤                   │               │     │
//	│      │ Opened, Failed         │ Dial              │               │     │
//	│      ├────────── dial ◀───────┤                   │               │     │  a goroutine per dial
//	│      │ Proved, Lost           │ Ping, Kill, Shut  │               │     │
//	│      ├────────── reader ──────┼───────────────────┼───────────────┘     │  one per connection
//	│      │             │ Ack      ▼                   │                     │
//	│   outbox ──────────┴──▶ Send, or a flusher ───────┘                     │  while there is
//	│      ▲                    │                                             │  something to write
//	│      │      commons ──▶ crowd.Step ──▶ Admitted, Scatter, Move          │  shared clients
//	└──────┼────────────────────┼─────────────────────────────────────────────┘
//	     Send                   ▼
//	                       package wire
//
// # Messages
//
// [Fleet.Send] never waits: where nothing else is being written it hands the message to
// the kernel itself, as far as the kernel takes it at once; else it queues, and a flusher
// writes everything that is due in one system call, control frames before data. Messages
// that are queued while a client has no usable connection are sent in order once it has
// one: a 101 is not enough, a pong or a data frame must have come back, or the
// user's validation have passed. Messages of more than 32 KiB go in fragments, between
// which control frames pass. Options.Full says what happens when there is no room.
//
// AtMostOnce lets a message go once a byte of it was handed to the kernel. One that was
// cut short is Dropped with InDoubt; one that was not touched goes over the next
// connection. AtLeastOnce keeps a message until Options.Ack names its number, and sends
// it again, in order and before newer ones, when the connection that carried it has
// ended without bringing its answer. Duplicates are for the peer to recognise.
//
// What arrives is observed where it is read, and handed to Options.Receive on a goroutine
// of the client's own, unless an [Acceptor] takes it where it was read, for somebody whose
// goroutine it is handed to next. Who waits for all that one connection brings can read it
// himself, by its [Reading]. A user who is slow makes the fleet stop reading; that is no
// silence of the peer's. Ended tells when he has had all that a connection brought: Lost does
// not wait for him.
//
// # What ends a connection
//
// A policy's Kill closes the raw TCP connection: no close frame and no TLS alert is
// waited for. A close frame of the peer's is answered, and Lost is reported then: nothing
// can follow it. The peer has a second to close the TCP connection (RFC 6455 7.1.1), for
// which the next dial does not wait. For every other end it does, so that a client has
// one connection at a time, save while it moves. A write of which no byte moves for
// Policy.WriteStall ends it as write-stall. A breach of the protocol is answered with
// 1002, 1007, 1008 or 1009, which is then the Code of Lost. Close codes 1012 to 1014 and
// 3000 to 4999 are accepted like those of RFC 6455.
//
// # Moves
//
// A client that moves has two connections until the new one has proved itself. From then
// on messages go over that one. The old one is kept until what it carried is acknowledged
// and Options.InFlight is 0 for it, for Policy.DrainTimeout at most; only then is what is
// still not acknowledged sent again, behind what was sent meanwhile. The order of messages
// is therefore that of Send on each connection, and not across a move.
//
// # Clients that share
//
// With Options.Shared every dial is asked for and admitted, all that happens is told to
// one crowd.Crowd, and each address behind an endpoint's name is an endpoint of its own,
// looked up again and again. Clients that are alone have nothing in common: no limit on
// dials, no health of endpoints, nothing that one of them could learn from another. That
// is why a fleet of them does not queue its dials either, unless Options.Dials says how many
// the machine can take at once.
//
// # The user's code
//
// Credentials, Validate, Judge and Receive run on goroutines of their own, and may take
// their time and call the fleet; Close waits for them only as long as its context
// lets it. The other functions are called where things happen and must be quick. None is
// called under a lock. A panic in any of them is the program's end: it is not recovered,
// for nobody could say what state it left behind.
//
// # Bounds
//
// A dial is bounded by Policy.HandshakeTimeout from the order, credentials included, to
// the 101. Queues and inboxes are bounded in frames and bytes, messages from the peer by
// MaxMessage. An idle connection over plain TCP holds a goroutine of 2 KiB and no buffer:
//
//	go test ./pool/driver -run '^$' -bench Idle
//
// # Time
//
// Every instant counts from Options.Epoch, and all waiting is done on the time package
// and on channels, so a fleet works in a testing/synctest bubble over a network in
// memory, where its timers are exact to the nanosecond. TLS holds mutexes while it
// waits and does not.
package driver
