package live

import (
	"cmp"
	"time"
)

// The heartbeat says that a run is alive where nothing else happens: first after 30 s,
// then at distances that double up to 5 min.
const (
	firstBeat = 30 * time.Second
	slowBeat  = 5 * time.Minute
)

// heartbeat is when a log speaks although nothing happens. The zero value has spoken at the
// run's start.
type heartbeat struct {
	last time.Duration // when something was said
	wait time.Duration // how long silence may last now; 0: firstBeat
}

// spoke says that something was said for a reason.
func (h *heartbeat) spoke(now time.Duration) { h.last, h.wait = now, firstBeat }

// due says whether it is time to speak, which then has happened.
func (h *heartbeat) due(now time.Duration) bool {
	wait := cmp.Or(h.wait, firstBeat)
	if now-h.last < wait {
		return false
	}
	h.last, h.wait = now, min(2*wait, slowBeat)
	return true
}
