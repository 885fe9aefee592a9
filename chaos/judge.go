package chaos

import "fmt"

// reach is the share of the targeted clients on which a partition or a latency must
// have been seen to act: a client that neither sends nor receives while it is in force
// proves nothing. A reset has no such excuse and must have hit them all.
const reach = 0.95

// Judge says what the evidence proves of a fault, and why, in one sentence with the
// counts. Ended tells that the fault's time is over, so that it must have been cleared;
// a fault with a For of its own must have been cleared in any case.
//
// The first rule that applies decides, and it acting where it should not comes first:
// a fault may have missed its cohort because it hit the control.
func (e Evidence) Judge(f Fault, ended bool) (State, string) {
	kind := f.Effect.Kind()
	switch {
	case e.Armed == 0:
		return NoEffect, "it was never in force"
	case e.ControlHit > 0:
		return Unexpected, fmt.Sprintf("it acted on %s outside its cohort (%d of %d of the cohort hit)",
			count(e.ControlHit, "client"), e.Hit, e.Targeted)
	case e.Leaked > 0:
		return Unexpected, fmt.Sprintf("%d bytes or ends of stream crossed that should have been held (%s held)",
			e.Leaked, count(int(e.HeldChunks), "chunk"))
	case e.Targeted == 0:
		return NoEffect, "no client of its cohort had a connection"
	case e.Hit == 0:
		return NoEffect, fmt.Sprintf("it acted on none of %s of its cohort", count(e.Targeted, "connected client"))
	case float64(e.Hit) < e.required(kind):
		return Partial, fmt.Sprintf("it acted on only %d of %s of its cohort", e.Hit, count(e.Targeted, "connected client"))
	case e.Cleared == 0 && (f.For > 0 || ended):
		return NotCleared, fmt.Sprintf("it acted on %d of %s and is still in force",
			e.Hit, count(e.Targeted, "connected client"))
	}
	return Confirmed, fmt.Sprintf("it acted on %d of %s of its cohort and on nobody else: %s",
		e.Hit, count(e.Targeted, "connected client"), e.did(kind))
}

// required is how many clients must have been hit.
func (e Evidence) required(kind string) float64 {
	if kind == (Reset{}).Kind() {
		return float64(e.Targeted)
	}
	return reach * float64(e.Targeted)
}

// did says in words what was done to the bytes and the connections.
func (e Evidence) did(kind string) string {
	switch kind {
	case (Reset{}).Kind():
		return count(int(e.Resets), "connection") + " reset"
	case (Partition{}).Kind():
		return fmt.Sprintf("%s (%d bytes) held, none crossed", count(int(e.HeldChunks), "chunk"), e.HeldBytes)
	case (Latency{}).Kind():
		if e.Delayed > 0 {
			return fmt.Sprintf("%s delayed by %.1f ms on average",
				count(int(e.Delayed), "chunk"), float64(e.DelayNS)/float64(e.Delayed)/1e6)
		}
	}
	return "no more was counted"
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
