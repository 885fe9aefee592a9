package pool

import (
	"log/slog"
	"time"

	"github.com/wsheal/wsheal/pool/crowd"
	"github.com/wsheal/wsheal/pool/heal"
)

// EventKind says what happened in a pool.
type EventKind uint8

const (
	Connected       EventKind = iota // a connection is ready: Connection, Endpoint, First or after how long (Took)
	Attempted                        // a dial, an upgrade or a validation failed: Failure
	Lost                             // a ready connection ended: Failure
	Moved                            // a connection was replaced by another one, which was ready before: Endpoint
	GaveUp                           // trying again is pointless: Failure. Restart, or Config.RestartAfter, tries again
	Restarted                        // one that gave up tries again
	StormBegan                       // many connections were lost at once: coming back is spread
	StormOver                        //
	PanicBegan                       // too few endpoints are fit: all of them are used
	PanicOver                        //
	BudgetSpent                      // the retry budget is empty: only its floor of attempts is left
	BudgetBack                       //
	EndpointChanged                  // an endpoint's Health changed: Endpoint, Health
	Resized                          // the pool has N connections now, or will: it grew, or shrank
	LeaseLeaked                      // a lease is held longer than Config.LeaseWarn: Stack, Took
	MessagesDropped                  // N inbound messages found no room and went
	OutcomeUnknown                   // N messages were lost with their connection, or never answered: nobody knows
	Drained                          // Drain is over
	Shut                             // the pool is closed: the last event
)

var eventNames = [...]string{
	Connected: "connected", Attempted: "attempt failed", Lost: "lost", Moved: "moved", GaveUp: "gave up", Restarted: "restarted",
	StormBegan: "storm began", StormOver: "storm over", PanicBegan: "panic began", PanicOver: "panic over",
	BudgetSpent: "budget spent", BudgetBack: "budget back", EndpointChanged: "endpoint changed", Resized: "resized",
	LeaseLeaked: "lease leaked", MessagesDropped: "messages dropped", OutcomeUnknown: "outcome unknown",
	Drained: "drained", Shut: "closed",
}

func (k EventKind) String() string {
	if int(k) < len(eventNames) {
		return eventNames[k]
	}
	return "unknown"
}

// Event is one thing that happened. Fields that its kind does not name are zero.
type Event struct {
	Kind       EventKind
	At         time.Time
	Connection int           // number of the pool's client concerned; they count up from 0
	Session    string        // key of the session whose connection it is; "": the pool's own
	Endpoint   string        // its name, or its URL where it has none, and the address
	Failure    *Failure      // why
	Health     crowd.Health  // EndpointChanged
	Took       time.Duration // Connected: time without a connection, 0 for the first; LeaseLeaked: since Acquire
	N          int
	Stack      string // LeaseLeaked: who called Acquire
	Skipped    uint64 // events before this one that this watcher was too slow for
}

// Cause is Failure's cause, None where there is none.
func (e Event) Cause() heal.Cause {
	if e.Failure == nil {
		return heal.None
	}
	return e.Failure.Cause
}

// level is how loud an event is in a log.
func (e Event) level() slog.Level {
	switch e.Kind {
	case GaveUp:
		return slog.LevelError
	case Lost, StormBegan, PanicBegan, BudgetSpent, LeaseLeaked, MessagesDropped, OutcomeUnknown:
		return slog.LevelWarn
	case EndpointChanged:
		if e.Health == crowd.Ejected {
			return slog.LevelWarn
		}
	case Attempted, Moved:
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// attributes are what a log says of an event.
func (e Event) attributes() (all []slog.Attr) {
	switch e.Kind {
	case Connected, Attempted, Lost, Moved, GaveUp, Restarted, LeaseLeaked, MessagesDropped:
		all = append(all, slog.Int("connection", e.Connection))
	}
	if e.Session != "" {
		all = append(all, slog.String("session", e.Session))
	}
	if e.Endpoint != "" {
		all = append(all, slog.String("endpoint", e.Endpoint))
	}
	if f := e.Failure; f != nil {
		all = append(all, slog.String("cause", f.Cause.String()))
		if f.Code != 0 {
			all = append(all, slog.Int("code", int(f.Code)))
		}
		if f.Err != nil {
			all = append(all, slog.String("error", f.Err.Error()))
		}
	}
	if e.Kind == EndpointChanged {
		all = append(all, slog.String("health", e.Health.String()))
	}
	if e.Took != 0 {
		all = append(all, slog.Duration("took", e.Took))
	}
	if e.N != 0 {
		all = append(all, slog.Int("n", e.N))
	}
	if e.Stack != "" {
		all = append(all, slog.String("stack", e.Stack))
	}
	if e.Skipped != 0 {
		all = append(all, slog.Uint64("skipped", e.Skipped))
	}
	return all
}
