// Package heal decides how a WebSocket client heals. It holds one pure function,
// [Step], over a value of 56 bytes, [State]: something happened, so this is to be
// done. Drivers act: package pool with sockets, a simulator without.
//
//	                     start
//	               idle ───────┐
//	                           ▼   failed, or its time is over
//	          ┌────────────▶ dialing ────────────────────────────┐
//	    timer │                │ opened (ping)                   │
//	          │                ▼   lost, or ProveTimeout is over │
//	          │             proving ─────────────────────────────┤
//	          │                │ proved                          │
//	          │                ▼                 lost            │
//	          │    ┌───────▶ ready ──────────────────────────────┤
//	          │    │           │ lived for StableAfter           │
//	          │    │           ▼                 lost            │
//	          │    │ ┌─────▶ stable ─────────────────────────────┤
//	          │    │ │         │                                 │
//	          │    byte      silent (ping)                       │
//	          │    │ │         ▼   lost, or PingTimeout is over  │
//	          │    └─┴────── suspect ────────────────────────────┤
//	          │                                                  │
//	          └─────────── waiting ◀──── worth another try ──────┤
//	                                                             │
//	               gave up ◀──────── pointless, and heeded ──────┘
//	                  └──▶ dialing when started again
//
//	any phase ── close ──▶ retired
//
// A ready connection may become suspect as well, and returns to where it came from.
// A delay of zero skips waiting: the dial is ordered in the step that lost the
// connection.
//
// # Healed means stable
//
// Being dialled, opened and even proved says little: a server that accepts and then
// closes does all three. Attempts and delays therefore go on growing until a
// connection has brought back a validated exchange and has lived for
// [Policy.StableAfter], or for as long as the delay before it if that was longer.
// Only the loss of such a connection is met by [Policy.First]; every other end takes
// the next step of [Policy.Backoff].
//
// # Silence
//
// Inbound bytes are not events, there are too many. They are a clock that the driver
// passes with the timer. A connection that was silent for a drawn while
// ([Policy.SilenceOf]) is pinged, and one that is silent for PingTimeout more is
// killed, so that a half-open connection whose last byte came at t is found at
// exactly t + silence + PingTimeout.
//
// # Heeding
//
// With [Policy.Heed] an end is judged by its cause:
//
//	status 400 401 403 404 426, TLS    pointless: gave up, until started again
//	status 429 503, close 1013         throttled: not before Retry-After (at most 5 min)
//	                                   and up to a fifth more, at least 1 s
//	close 1000 1001 1012               planned: spread over First's window, however
//	                                   young the connection was
//	everything else                    another try
//
// # Invariants
//
// Each has a test of its number, and a random walk (FuzzStep) that checks them all.
//
//  1. An event of another generation, or a timer of another number, changes nothing
//     and orders nothing.
//  2. A client has one connection or dial at a time: a dial is ordered only when the
//     generation before it has ended, by report or by order. Each dial counts the
//     generation up by one, and nothing else does.
//  3. Nothing waits for ever: a timer is in force whenever a client is waiting,
//     dialing, proving, ready or suspect, and stable if the policy pings.
//  4. Healed means stable: unless the policy resets on open, attempts and delay are
//     forgotten only by becoming stable, after a proof and max(StableAfter, Delay) of
//     life, or by being started.
//  5. Jitter comes after the cap: no backoff delay exceeds the cap, and a jittered
//     one is never equal to its step.
//  6. A heeding client never dials before Retry-After, or 5 min if that is less.
//  7. A connection whose last byte came at t is killed at t + silence + PingTimeout if
//     the timers are on time, and silence is in [PingEvery/2, PingEvery).
//  8. A connection on which a byte arrived since its ping is not killed for silence.
//  9. A client gives up only when it heeds and the end is pointless; it then orders
//     nothing until it is started or closed.
//  10. Close retires from every phase in one step, ends what is dialled or open, and
//     nothing is ordered ever after.
//  11. Only the edges drawn above are taken.
//  12. The delay before a generation depends on the policy, the seed, the client, the
//     generation, the step and the delay before, and on nothing else that happened.
//  13. Step is pure: the same arguments give the same answer, nothing is allocated, and
//     State is at most 64 bytes.
//  14. No timer is armed for a time that has passed.
package heal
