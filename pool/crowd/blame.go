package crowd

import (
	"time"

	"github.com/wsheal/wsheal/pool/heal"
)

// blame is what the end of an attempt, or of a young connection, says of the endpoint.
type blame struct {
	health bool // it is not fit
	load   bool // it has too much to do
}

// blameFor judges an end. A server that throttles is busy and not unfit: to eject it
// would hand its load to the others. One that refuses this client, or what it asked for,
// is neither. Credentials are ours.
func blameFor(ev Event) blame {
	switch ev.Cause {
	case heal.None, heal.Credentials:
		return blame{}
	case heal.TLS, heal.DNS, heal.Invalid, heal.Protocol, heal.Unpinged:
		return blame{health: true}
	case heal.Status:
		switch {
		case throttles(ev):
			return blame{load: true}
		case ev.Code == 408 || ev.Code >= 500:
			return blame{health: true, load: true}
		}
		return blame{}
	case heal.CloseFrame:
		switch {
		case throttles(ev):
			return blame{load: true}
		case ev.Code == 1008, ev.Code >= 4000: // it is about the client; RFC 6455 7.4.1 and 7.4.2
			return blame{}
		}
		return blame{health: true}
	}
	return blame{health: true, load: true}
}

// throttles tells whether the server asked for patience: 429 (RFC 6585), 503 with a
// Retry-After (RFC 9110, 15.6.4), close 1013.
func throttles(ev Event) bool {
	switch ev.Cause {
	case heal.Status:
		return ev.Code == 429 || ev.Code == 503 && ev.RetryAfter > 0
	case heal.CloseFrame:
		return ev.Code == 1013
	}
	return false
}

// longestPause is the most that a server's Retry-After is believed.
const longestPause = 5 * time.Minute

// hold pauses an endpoint that asked for it: never for less, and for up to a fifth more,
// at least a second, so that pools which were told the same do not come back together.
// A pause as long as an ejection makes the endpoint unfit while it lasts.
func (c *Crowd) hold(e *endpoint, ev Event) {
	if ev.RetryAfter <= 0 || !throttles(ev) {
		return
	}
	after := min(ev.RetryAfter, longestPause)
	after += time.Duration(c.float() * float64(max(after/5, time.Second)))
	e.pause = max(e.pause, c.now.Add(after))
	c.wake(e.pause)
	if !e.long && e.pause.Sub(c.now) >= c.p.EjectFor {
		e.long = true
		c.refit()
	}
}
