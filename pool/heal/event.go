package heal

import "time"

// EventKind says what happened to a client.
type EventKind uint8

const (
	Start      EventKind = iota // the owner wants the client connected; dial now
	TimerFired                  // the timer that Timer numbers is due
	Opened                      // the upgrade was answered with 101
	Failed                      // the dial or the upgrade failed: Cause, Code, RetryAfter
	Proved                      // a pong or a data message came back on the connection
	Lost                        // the connection ended: Cause, Code
	Close                       // the owner closes the client for good
)

var eventNames = names[EventKind]{
	Start: "start", TimerFired: "timer", Opened: "opened", Failed: "failed",
	Proved: "proved", Lost: "lost", Close: "close",
}

func (k EventKind) String() string { return eventNames.of(k) }

// ParseEventKind reads what String prints.
func ParseEventKind(s string) (EventKind, bool) { return eventNames.parse(s) }

// Event is one thing that happened, as a value. Events of another generation than
// the state's, and timers of another number, are stale and change nothing.
type Event struct {
	Kind       EventKind
	Cause      Cause         // Failed, Lost
	Code       uint16        // HTTP status of Failed, close code of Lost; 0 when there is none
	Gen        uint32        // Opened, Failed, Proved, Lost
	Timer      uint32        // TimerFired
	RetryAfter time.Duration // Failed, Lost: what the server asked for; 0 when it asked for nothing
	Inbound    Instant       // TimerFired: when the connection's last byte arrived; 0 before the first
}

// ActionKind says what the driver has to do.
type ActionKind uint8

const (
	Arm  ActionKind = iota // call back with TimerFired{Timer} at At, not before; it replaces the timer before it
	Dial                   // dial Endpoint as generation Gen, give up after Policy.HandshakeTimeout
	Ping                   // send a ping on generation Gen
	Kill                   // end generation Gen's dial or raw connection now, without a close handshake
	Shut                   // send a close frame with Code on generation Gen, then close it
)

var actionNames = names[ActionKind]{Arm: "arm", Dial: "dial", Ping: "ping", Kill: "kill", Shut: "shut"}

func (k ActionKind) String() string { return actionNames.of(k) }

// ParseActionKind reads what String prints.
func ParseActionKind(s string) (ActionKind, bool) { return actionNames.parse(s) }

// Action is one thing to do, as a value.
type Action struct {
	Kind     ActionKind
	Endpoint uint8
	Code     uint16
	Gen      uint32
	Timer    uint32
	At       Instant
}

// Actions is what one Step orders: at most four, in order. It is a value, so that
// a Step allocates nothing.
type Actions struct {
	list [4]Action
	n    uint8
}

// All returns the actions in the order in which they are to be done. The slice
// aliases the value.
func (a *Actions) All() []Action { return a.list[:a.n] }

func (a *Actions) add(x Action) {
	if int(a.n) == len(a.list) {
		panic("heal: one step ordered more than four actions")
	}
	a.list[a.n] = x
	a.n++
}
