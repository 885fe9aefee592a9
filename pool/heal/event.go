package heal

import "time"

// EventKind says what happened to a client.
type EventKind uint8

const (
	Start      EventKind = iota // the owner wants the client connected; dial now
	TimerFired                  // the timer that Timer numbers is due
	Opened                      // the upgrade was answered with 101
	Failed                      // the dial or the upgrade failed: Cause, Code, RetryAfter
	Proved                      // a pong or a data message came back on the connection: RTT when a pong did
	Lost                        // the connection ended: Cause, Code
	Close                       // the owner closes the client for good
	Admitted                    // shared: dial Endpoint now
	Disproved                   // the validation of the connection failed, or says that it is the wrong server
	Checked                     // the validation that Check ordered passed
	Move                        // the owner wants another connection in place of this one: make before break
	Scatter                     // shared: many were lost at once; who is waiting for a first reconnect draws anew, within Within
)

var eventNames = names[EventKind]{
	Start: "start", TimerFired: "timer", Opened: "opened", Failed: "failed",
	Proved: "proved", Lost: "lost", Close: "close",
	Admitted: "admitted", Disproved: "disproved", Checked: "checked", Move: "move", Scatter: "scatter",
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
	Gen        uint32        // Opened, Failed, Proved, Lost, Checked, Disproved
	Timer      uint32        // TimerFired
	Verdict    Verdict       // Failed, Lost, Disproved: what the user's hook says; ByTable where it has no say
	Endpoint   uint8         // Admitted
	Only       bool          // Failed, Lost, Disproved: shared: there is no other endpoint to go to
	RetryAfter time.Duration // Failed, Lost, Disproved: what the server, or the hook, asked for; 0 when nothing
	Within     time.Duration // Failed, Lost, Disproved: window over which the server wants its clients spread; Scatter: the pool does
	RTT        time.Duration // Proved: from the ping's hand-over to the kernel to its pong; 0: none was measured

	// TimerFired: what has been seen of the live connection, 0 for never.
	Inbound  Instant // its last byte arrived
	Outbound Instant // a write last made progress; this and Handed both 0: the driver does not look, and a ping counts as handed over when it was ordered
	Drained  Instant // a write for which the kernel had had no room last went on, so that the peer takes what we send, or the peer's kernel acknowledged something new; a write that the kernel took at once shows nothing of the peer
	Handed   Instant // the last ping was handed to the kernel whole; 0 while it waits for its turn
	Heard    Instant // the server's own last ping
	Path     Path    // what the kernel knows of the peer, asked for while suspect
}

// Path is what the kernel knows of a peer that does not answer (TCP_INFO on Linux).
type Path uint8

const (
	PathUnknown Path = iota // the kernel was not asked, or cannot say
	PathDead                // what we sent is not acknowledged, and is sent again and again
	PathFrozen              // the peer's kernel acknowledges, or closed its window: its program is stuck
)

var pathNames = names[Path]{PathUnknown: "", PathDead: "dead", PathFrozen: "frozen"}

func (p Path) String() string { return pathNames.of(p) }

// ParsePath reads what String prints; "" is PathUnknown.
func ParsePath(s string) (Path, bool) { return pathNames.parse(s) }

// ActionKind says what the driver has to do.
type ActionKind uint8

const (
	Arm   ActionKind = iota // call back with TimerFired{Timer} at At, not before; it replaces the timer before it
	Dial                    // dial Endpoint as generation Gen, give up after Policy.HandshakeTimeout
	Ping                    // send a ping on generation Gen
	Kill                    // end generation Gen's dial or raw connection now, without a close handshake
	Shut                    // send a close frame with Code on generation Gen, then close it
	Ask                     // shared: ask for admission; Admitted is the answer, when it is this client's turn. An ask that is still open is replaced. An Admitted that is answered with no Dial has to be handed back
	Check                   // validate connection Gen again; answer with Checked or Disproved
	Drain                   // give generation Gen no new messages; Shut it with Code when nothing is in flight on it, after Policy.DrainTimeout at the latest
)

var actionNames = names[ActionKind]{
	Arm: "arm", Dial: "dial", Ping: "ping", Kill: "kill", Shut: "shut",
	Ask: "ask", Check: "check", Drain: "drain",
}

func (k ActionKind) String() string { return actionNames.of(k) }

// ParseActionKind reads what String prints.
func ParseActionKind(s string) (ActionKind, bool) { return actionNames.parse(s) }

// Action is one thing to do, as a value.
type Action struct {
	Kind     ActionKind
	Endpoint uint8 // Dial; Ask with Avoid
	Avoid    bool  // Ask: Endpoint will not do, if there is another
	Fresh    bool  // Dial: the credentials that were rejected must be replaced first; Ask: the dial will need that
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
