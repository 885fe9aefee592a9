package chaos

import "context"

// Watcher is a proxy that tells of connections one by one, whoever their clients are.
type Watcher interface {
	// Sightings returns what has been seen after the given number, in the order in which it
	// was, and forgets what it is numbered up to. The first call makes the proxy take notes.
	Sightings(ctx context.Context, after uint64) (Sightings, error)

	// Standing returns the connections that are open, in no order, with how many messages
	// came on each until now.
	Standing(ctx context.Context) ([]Sighting, error)
}

// Sightings are what a proxy has seen.
type Sightings struct {
	Last uint64     `json:"last"` // number of the last that there was, to be given to the next call
	Lost uint64     `json:"lost"` // sightings for which there was no room since the proxy began to take notes
	Seen []Sighting `json:"seen"`
}

// Moments of a connection's life.
const (
	SeenCame   = "came"   // accepted, and it is known whose it is, as far as it says
	SeenOpened = "opened" // the client was handed a 101
	SeenEnded  = "ended"  // the client is told of the end, or ended it
	SeenStands = "stands" // it is open; only Standing tells it
)

// Sighting is a connection at one moment of its life. Times are nanoseconds of
// CLOCK_MONOTONIC; 0: not yet.
type Sighting struct {
	What   string `json:"what"`
	Target string `json:"target"`
	Conn   uint64 `json:"conn"` // of its arrival at the target's proxy, from 0

	Client uint64 `json:"client"` // where Named
	Gen    uint32 `json:"gen"`    // where Named; 0: it says none
	Named  bool   `json:"named"`  // it says whose it is: IdentityHeader or IdentityParameter

	Accepted int64 `json:"accepted"`
	Opened   int64 `json:"opened,omitempty"`
	Ended    int64 `json:"ended,omitempty"`

	Status int    `json:"status,omitempty"` // of the answer to the upgrade; 0: none came
	Code   uint16 `json:"code,omitempty"`   // of the first close frame; 1005: it had none; 0: there was no close frame
	Closer string `json:"closer,omitempty"` // whose close frame it was: client, server
	By     string `json:"by,omitempty"`     // who ended the connection: client, server, fault (cut, or turned away by the proxy)
	Reset  bool   `json:"reset,omitempty"`  // with a RST
	Up     int64  `json:"up,omitempty"`     // data messages that came whole from the client
	Down   int64  `json:"down,omitempty"`   // from the target
}
