package faultrig

import (
	"time"

	"github.com/wsheal/wsheal/chaos"
)

// Proof is what proves a kind by one backend: one call of Prove for each effect, and one
// of Idle.
type Proof struct {
	Sees []Case
	Idle Case
}

// DoorsTLS are the proofs of what can go wrong in the TLS handshake before it, of all clients:
// nobody knows yet whose connection it is.
func DoorsTLS() map[string]Proof {
	of := func(e chaos.Effect) Case { return Case{Fault: chaos.Fault{Effect: e, Share: 1}} }
	hangs := of(chaos.AcceptHang{Stage: chaos.AtTLS})
	slow := waited(chaos.SlowHandshake{Delay: doorDelay, Stage: chaos.AtTLS}, 1)
	return map[string]Proof{
		"accept_hang":    {Sees: []Case{hangs}, Idle: hangs},
		"slow_handshake": {Sees: []Case{slow}, Idle: of(slow.Fault.Effect)},
	}
}

// doorDelay is how long the proofs let clients wait.
const doorDelay = 200 * time.Millisecond

// waited is a proof by clients who take doorDelay at least to be connected.
func waited(e chaos.Effect, share float64) Case {
	return Case{Fault: chaos.Fault{Effect: e, Share: share}, Act: func(x *Client) chaos.Sight {
		if x.Took < doorDelay {
			return chaos.SeesNothing
		}
		return chaos.SeesSlow
	}}
}

// Drips is the proof that a 101 comes byte by byte: it has 129 at least.
func Drips(share float64) Case {
	return waited(chaos.SlowHandshake{Rate: int64(128 * time.Second / doorDelay)}, share)
}

// Doors are the proofs of what can go wrong before an upgrade is answered, by kind. They are
// the same for whatever stands at the door; what only one of them can do it adds.
func Doors() map[string]Proof {
	of := func(e chaos.Effect, share float64) Case { return Case{Fault: chaos.Fault{Effect: e, Share: share}} }
	// Nobody comes.
	nobody := func(e chaos.Effect) Case { return of(e, 1) }
	const delay = doorDelay
	// Who is let in is echoed for a while.
	ends := func(e chaos.AcceptThenClose, share float64) Case {
		c := of(e, share)
		c.Act = func(x *Client) chaos.Sight {
			for {
				if saw := x.Look(0, false); saw != chaos.SeesNothing {
					return saw
				}
			}
		}
		return c
	}
	room := of(chaos.ConnLimit{Max: 1000}, 1)
	room.Quiet = func(x *Client) { x.Look(0, false) }
	return map[string]Proof{
		"accept_hang": {
			Sees: []Case{of(chaos.AcceptHang{}, 0.5), of(chaos.AcceptHang{Stage: chaos.AtUpgrade}, 1), of(chaos.AcceptHang{Stage: chaos.AtTCP}, 1)},
			Idle: nobody(chaos.AcceptHang{}),
		},
		"upgrade_reject": {
			Sees: []Case{
				of(chaos.UpgradeReject{Status: 400}, 0.5), of(chaos.UpgradeReject{Status: 401, Body: "log in"}, 1),
				of(chaos.UpgradeReject{Status: 503, RetryAfter: 5 * time.Second}, 0.5), of(chaos.UpgradeReject{Status: 504}, 0.5),
			},
			Idle: nobody(chaos.UpgradeReject{Status: 503}),
		},
		"slow_handshake": {
			Sees: []Case{waited(chaos.SlowHandshake{Delay: delay}, 0.5), waited(chaos.SlowHandshake{Delay: delay, Stage: chaos.AtTCP}, 1)},
			Idle: nobody(chaos.SlowHandshake{Delay: delay}),
		},
		"bad_accept": {
			Sees: []Case{
				of(chaos.BadAccept{How: chaos.WrongKey}, 0.5), of(chaos.BadAccept{How: chaos.MissingUpgrade}, 0.5),
				of(chaos.BadAccept{How: chaos.BadSubprotocol}, 0.5), of(chaos.BadAccept{How: chaos.HTTP200}, 1),
			},
			Idle: nobody(chaos.BadAccept{How: chaos.WrongKey}),
		},
		"accept_then_close": {
			Sees: []Case{
				ends(chaos.AcceptThenClose{Code: 1011}, 0.5), ends(chaos.AcceptThenClose{Code: 4401, After: delay}, 0.5),
				ends(chaos.AcceptThenClose{Code: 1013, Then: chaos.ThenClose}, 1),
				ends(chaos.AcceptThenClose{Code: 1011, Then: chaos.ThenReset}, 0.5), ends(chaos.AcceptThenClose{Code: 1011, Then: chaos.ThenFIN}, 0.5),
			},
			Idle: nobody(chaos.AcceptThenClose{Code: 1011}),
		},
		"conn_limit": {
			// One was there before, and is the one that may be.
			Sees: []Case{
				of(chaos.ConnLimit{Max: 1}, 1), of(chaos.ConnLimit{Max: 1, Over: chaos.OverRefuse}, 1),
				of(chaos.ConnLimit{Max: 1, Over: chaos.Over1013}, 1), of(chaos.ConnLimit{Max: 1, Over: chaos.OverHang}, 1),
			},
			Idle: room,
		},
	}
}
