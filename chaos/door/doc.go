// Package door is what may go wrong between the acceptance of a connection and the answer
// to its upgrade request: it hangs, it is slow, it is turned away, it is answered wrongly.
// The fault proxy and the embedded target stand at the same door, so the rules are here
// once, and each of the two counts what they did in its own evidence.
//
//	accept ─▶ Accepted ─▶ first bytes ─▶ Hello ─▶ request ─▶ Asked ─▶ the target
//	              │                        │                   │
//	              ▼                        ▼                   ▼
//	           hang, RST              hang in TLS        hang, status, wrong 101, close
//
// A rule is called on a goroutine of the caller's own, and may wait there: until the
// caller leaves, or until the fault is over, which is the caller's Context.
package door
