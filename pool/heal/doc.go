// Package heal decides how a WebSocket client heals. It holds one pure function,
// [Step], over a value of 64 bytes, [State]: something happened, so this is to be
// done. Drivers act: package driver with sockets, a simulator without.
//
//	                     start
//	               idle ───────┐
//	                           ▼   (ask)
//	          ┌────────────▶ asking, in a pool ── scatter ──────┐
//	    timer │                │ admitted; alone, at once       │
//	          │                ▼   failed, or its time is over  │
//	          ├────────────▶ dialing ───────────────────────────┤
//	          │                │ opened (ping)                  │
//	          │                ▼   its time is over             │
//	          │             proving ────────────────────────────┤
//	          │                │ proved                         │
//	          │                ▼   the server's pings stopped   │
//	          │    ┌───────▶ ready ─────────────────────────────┤
//	          │    │           │ lived for StableAfter          │
//	          │    │           ▼   the server's pings stopped   │
//	          │    │ ┌─────▶ stable ────────────────────────────┤
//	          │    │ │         │ silent (ping)                  │
//	          │    byte        ▼   no answer, or write stall    │
//	          │    ├─┼────── suspect ───────────────────────────┤
//	          │  checked   ready, stable                        │
//	          │    │ │         │ CheckEvery is over (check)     │
//	          │    │ │         ▼   its time is over             │
//	          │    └─┴────── checking ──────────────────────────┤
//	          │                                                 │
//	          └─────────── waiting ◀─── worth another try ──────┤
//	                                                            │
//	               gave up ◀─────────────── pointless ──────────┘
//	                  └──▶ asking or dialing, when started again
//
//	any phase ── close ──▶ retired
//
// Down the right side also leads, from every phase that has a connection, that it is
// lost or disproved. Suspect and checking return to where they came from, ready or
// stable. A delay of zero skips waiting: the dial is ordered, or asked for, in the step
// that lost the connection.
//
// A planned move opens the replacement first. Three phases have two connections, or may
// have, of which the old one, [State].Live, is in use:
//
//	                   move, Lifetime             opened (ping)           proved
//	ready, stable ────────────────────▶ moving ─────────────────▶ joining ───────▶ ready (drain the old one)
//	      ▲  ▲      alone (dial)        │ │ │                      │ │
//	      │  │      in a pool (ask),    │ │ │                      │ │
//	      │  │      admitted (dial)     │ │ │                      │ │
//	      │  └── failed, time over, ────┘ │ └─ the old one ends ─┐ │ └─ the old one ends ──▶ proving
//	      │      scatter                  │                      ▼ │
//	      │                               │                   dialing
//	      │                    silent while asking (ping)          │
//	      │                               ▼                        │
//	      │                            suspect                     │
//	      └── the new one ends, or its time is over ───────────────┘
//
// # Healed means stable
//
// Being dialled, opened and even proved says little: a server that accepts and then
// closes does all three. Attempts and delays therefore go on growing until a
// connection has brought back a validated exchange and has lived for
// [Policy.StableAfter], or for as long as the delay before it if that was longer.
// Only the loss of such a connection is met by [Policy.First]; every other end takes
// the next step of [Policy.Backoff], but for one thing: with [Backoff.Next] the endpoints of
// each priority make a round, a step follows the round, and within it the next endpoint is
// tried soon. A connection that replaced another counts as an attempt until it is stable
// itself.
//
// # Silence
//
// Inbound bytes are not events, there are too many. They are evidence that the driver
// passes with the timer, with what else it has seen of the connection. A connection that
// was silent for a drawn while ([Policy.SilenceOf]) is pinged, and one that does not
// answer within [Policy.PongTimeout] is killed. That clock starts when the kernel has the
// whole ping, for until then it is us who are slow: no progress at all for
// [Policy.StallAfter], looked for once per pong's timeout, ends the connection then. It
// starts again whenever a write goes on that had to wait, for then the peer takes what is
// ahead of the ping. A write that the kernel takes at once stops nothing: on a dead path it
// takes many. A half-open connection whose last byte came at t, and on which nothing waits,
// is so found at exactly t + silence + timeout.
//
// While a check is open, a replacement is dialled or proves itself, the connection is not
// pinged and the server's pings are not missed: those end within ProveTimeout, twice
// HandshakeTimeout and ProveTimeout. While admission for a replacement is waited for, which
// may be long, it is watched as ever; a connection that falls silent then is pinged, and
// the ask is repeated when it has answered.
//
// # Ends
//
// The user's hook ([Event].Verdict) decides what an end asks for, whether the policy heeds or
// not. Where it says nothing, a policy with Heed looks at its Rules, then here:
//
//	status 400 404 426                 pointless: gave up, until started again
//	status 401 403, close 4401 4403    reauth: fresh credentials for the next dial, once; when those
//	                                   are rejected as well, or there are none to refresh, pointless.
//	                                   A connection that becomes ready makes it a new matter
//	status 429 503, close 1013         throttled: not before Retry-After and up to a fifth more, at
//	                                   least 1 s
//	close 1000 1001 1012               planned: spread over First's window, however young the
//	                                   connection was
//	close 1002 1003 1007-1010          a step of the backoff at least, whatever First says: we sent
//	                                   what displeased
//	TLS                                elsewhere, if there is another endpoint; else pointless
//	invalid                            elsewhere, if there is another endpoint
//	DNS                                another try, after U(cap/2, cap) of the backoff at least
//	everything else                    another try
//
// With whatever verdict but pointless, a RetryAfter or a window (Within) that came with the
// end is obeyed as well: the delay is at least RetryAfter + U(0, Within), each bounded by
// 5 min. Elsewhere leaves the endpoint out of the next dial; in a pool the ask says so.
//
// # Planned moves
//
// A move is begun when its owner wants it, alone after a draw from First's window, or when a
// stable connection is between 0.9 and 1 of Lifetime old. What becomes of it is none of the
// client's attempts: when the replacement fails or does not prove itself, the connection
// stays, and another move begins after U(c/2, c), c doubling from the backoff's base to its
// cap, or 1 min if that is more; after a pointless end c is the cap. A move never makes a
// client give up.
//
// When the old connection ends first, the replacement is the reconnect, with the timer it
// has; it was begun before, so that no delay applies, and what it is told counts: the
// server may have ended the old connection because of the new. But when the loss says not
// yet (throttled, RetryAfter, Within) or elsewhere and the replacement goes to the same
// endpoint, the replacement is killed, and the loss is like any other.
//
// # Invariants
//
// Each has a test of its number, and a random walk (FuzzStep) that checks them all.
//
//  1. An event of another generation, a timer of another number, or an admission that was
//     not asked for changes nothing and orders nothing.
//  2. A client has one connection or dial at a time, and during a planned move one
//     connection in use beside one that is dialled or proves itself, never a third: a dial
//     is ordered only when all else has ended, by report, by order or by draining. Each
//     dial counts the generation up by one, and nothing else does.
//  3. Nothing waits for ever: a timer is in force in every phase but idle, gave up and
//     retired, and stable if the policy watches for nothing.
//  4. Healed means stable: unless the policy resets on open, attempts and delay are
//     forgotten only by becoming stable, after a proof and max(StableAfter, Delay) of
//     life, or by being started.
//  5. Jitter comes after the cap: no backoff delay exceeds the cap, and a jittered
//     one is never equal to its step. Policies copied from clients that do otherwise say
//     so (CapLast, Plain, a Scaled jitter).
//  6. A heeding client never dials before Retry-After, or 5 min if that is less, also when
//     it was a move that was told.
//  7. A connection whose last byte came at t is pinged at t + silence if the timers are on
//     time and nothing else is under way, with silence in [PingEvery/2, PingEvery); and one
//     whose server was last heard at t is killed at t + ExpectPing.
//  8. A connection on which a byte arrived since its ping is not killed for silence.
//  9. A client gives up only on an end that is judged pointless, or when the policy counts
//     its tries and they are used up, and never while it has a connection; it then orders
//     nothing until it is started or closed.
//  10. Close retires from every phase in one step, ends what is dialled or open, and
//     nothing is ordered ever after.
//  11. Only the edges drawn above are taken, and each is in a transcript in testdata.
//  12. The delay before a generation depends on the policy, the seed, the client, the
//     generation, the step and the delay before, and on nothing else that happened.
//  13. Step is pure: the same arguments give the same answer, nothing is allocated, and
//     State is at most 64 bytes.
//  14. No timer is armed for a time that has passed.
//  15. In a pool a dial is the answer to an admission that was asked for, one for one, and
//     goes where the admission says.
//  16. A move ends the connection in use only by draining it, once its replacement has
//     proved itself; a move that fails leaves attempts, steps and delay as they were.
//  17. A pinged connection is killed when the ping was handed over, or the peer last took
//     what had to wait, a pong's timeout ago, and that timeout is within PingTimeoutMin and
//     PingTimeout; while the ping waits for its turn, only when nothing moved for WriteStall.
//  18. A dial carries Fresh exactly when credentials were rejected since the last that did;
//     when fresh ones are rejected before a connection was ready, the client gives up.
//  19. A fleet that is told one thing in one moment does not act on it in one: all that
//     a policy with jitter waits for is drawn per client.
//  20. From every state, a client for which all goes well from now on is usable within the
//     wait that it was told, and then stable, unless it is closed or has given up.
//  21. Scatter never brings a dial closer, nor, for a client that waits, further than 5 min
//     from the loss.
package heal
