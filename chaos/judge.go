package chaos

import (
	"fmt"
	"strings"
)

// Judge says what the evidence proves of a fault, and why, in one sentence with the
// counts. Ended tells that the fault's time is over, so that it must have been cleared;
// a fault with a For of its own must have been cleared in any case.
//
// The first rule that applies decides, and it acting where it should not comes first:
// a fault may have missed its cohort because it hit the control.
func (e Evidence) Judge(f Fault, ended bool) (State, string) {
	kind, _ := Lookup(f.Effect.Kind())
	switch {
	case len(e.Parts) > 0:
		return e.judgeParts(ended)
	case e.Armed == 0:
		return NoEffect, "it was never in force"
	case e.ControlHit > 0:
		return Unexpected, fmt.Sprintf("it acted on %s outside its cohort (%d of %d of the cohort hit)",
			count(e.ControlHit, "client"), e.Hit, e.Targeted)
	case e.Leaked > 0:
		return Unexpected, fmt.Sprintf("%d bytes or ends of stream crossed that should have been held (%s held)",
			e.Leaked, count(int(e.HeldChunks), "chunk"))
	case kind.Reach == 0: // on whom it acted cannot be told
		return e.proven(kind, f.For > 0 || ended)
	case e.Targeted == 0 && e.Count("opaque") > 0:
		return NoEffect, fmt.Sprintf("%s of its cohort carried TLS, or no HTTP: there were no frames to be seen",
			count(int(e.Count("opaque")), "connection"))
	case e.Targeted == 0:
		return NoEffect, "no client of its cohort had a connection"
	case e.Hit == 0:
		return NoEffect, fmt.Sprintf("it acted on none of %s of its cohort", e.targets(f))
	case float64(e.Hit) < kind.Reach*float64(e.Targeted):
		return Partial, fmt.Sprintf("it acted on only %d of %s of its cohort", e.Hit, e.targets(f))
	case e.Cleared == 0 && (f.For > 0 || ended):
		return NotCleared, fmt.Sprintf("it acted on %d of %s and is still in force",
			e.Hit, e.targets(f))
	}
	if got, want := e.flapped(f); e.Cleared != 0 && got < want {
		return Partial, fmt.Sprintf("it came into force only %s of %d", count(int(got), "time"), want)
	}
	if p, ok := e.unmoved(kind); ok {
		return NoEffect, fmt.Sprintf("0 %s, although %s were to be hit", p.Words, e.targets(f))
	}
	did := e.did(kind)
	if f.Flap.On() {
		did += "; in force " + count(int(e.Count(CountDowns)), "time")
	}
	return Confirmed, fmt.Sprintf("it acted on %d of %s of its cohort and on nobody else: %s",
		e.Hit, e.targets(f), did)
}

// targets are those that were to be hit, in words: where nothing is counted but what
// canaries of the backend's own saw, those.
func (e Evidence) targets(f Fault) string {
	if _, refused := Value(f.Effect).(Refuse); f.By == ByToxiproxy || refused && f.By == ByTarget {
		return count(e.Targeted, "canary connection")
	}
	return count(e.Targeted, "connected client")
}

// unmoved returns a counter that must have moved and has not.
func (e Evidence) unmoved(k Kind) (Proof, bool) {
	for _, p := range k.Proof {
		if e.Count(p.Counter) == 0 {
			return p, true
		}
	}
	return Proof{}, false
}

// proven judges by the counters alone.
func (e Evidence) proven(k Kind, over bool) (State, string) {
	p, still := e.unmoved(k)
	switch {
	case still:
		return NoEffect, "0 " + p.Words
	case e.Cleared == 0 && over:
		return NotCleared, e.did(k) + "; it is still in force"
	}
	return Confirmed, e.did(k)
}

// did says in words what was done to the bytes and the connections.
func (e Evidence) did(k Kind) string {
	if k.Did != nil {
		return k.Did(e)
	}
	var parts []string
	for _, p := range k.Proof {
		parts = append(parts, fmt.Sprintf("%d %s", e.Count(p.Counter), p.Words))
	}
	return strings.Join(parts, ", ")
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
