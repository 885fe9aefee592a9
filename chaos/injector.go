package chaos

import "context"

// Injector breaks things and says what came of it. Every call is bounded by its
// context; a backend that hangs returns the context's error.
type Injector interface {
	// Supports returns why the fault cannot be expressed by this backend, nil when it can.
	Supports(Fault) error
	// Inject puts the fault in force and returns when the backend has confirmed it.
	Inject(context.Context, Fault) error
	// Clear ends the named fault. Clearing what is not in force is no error.
	Clear(ctx context.Context, name string) error
	// Evidence returns what was counted for the named fault so far, also after Clear.
	Evidence(ctx context.Context, name string) (Evidence, error)
}

// Wire is what a proxy between clients and targets has seen, whoever the clients are.
type Wire interface {
	Traffic(context.Context) (map[string]Traffic, error) // by target
}

// Traffic is the counters of the proxy in front of one target since it started.
type Traffic struct {
	Accepted  int64 `json:"accepted"`   // connections accepted from clients
	Upgraded  int64 `json:"upgraded"`   // of them, those whose upgrade the target answered with 101
	Live      int64 `json:"live"`       // open now
	Refused   int64 `json:"refused"`    // dials to the target that failed
	BytesUp   int64 `json:"bytes_up"`   // bytes written to the target
	BytesDown int64 `json:"bytes_down"` // bytes written to clients
	Errors    int64 `json:"errors"`     // accept errors, descriptors run out among them
}
