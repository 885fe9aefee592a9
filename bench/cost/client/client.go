// Package client puts WebSocket libraries behind one small interface, so that the same
// workload runs over all of them: wsheal's own, and connections that nobody heals.
package client

import (
	"context"
	"maps"
	"slices"
)

// Client opens connections with one library. The zero value of each is ready.
type Client interface {
	// Open connects Options.Conns connections and returns when all of them are usable;
	// ctx bounds that alone.
	Open(ctx context.Context, o Options) (Conns, error)
}

// Options say what to open. The callbacks may be called from many goroutines at once,
// but for one connection by one goroutine at a time; nil: not wanted.
type Options struct {
	URLs     []string // ws://, dialled in turn; at least one
	Conns    int      // how many connections, numbered from 0
	InFlight int      // dials at once; 0: 64
	// Reconnect has lost connections dialled again, at once, InFlight of them at a time.
	// Open then returns only when every connection counts as healed, so that its loss is the
	// first of a new story and no backoff goes on.
	Reconnect bool

	Received func(conn int, payload []byte) // a message, in order; payload is valid during the call
	Opened   func(conn int)                 // the upgrade was answered with 101
	Usable   func(conn int)                 // the library lets messages through: after Opened, or with it
	Failed   func(conn int, err error)      // a dial that came to nothing
}

// Conns are open connections.
type Conns interface {
	// Send hands messages to a connection, in order. It may be called from Received. It
	// returns when they are written, or queued where the library has a queue.
	Send(conn int, messages ...[]byte) error
	// Close ends every connection with a closing handshake, by force when ctx ends, and
	// returns when no goroutine of theirs is left.
	Close(ctx context.Context) error
}

// Healer are connections of which a loss is only then the first of a new story, when they
// have healed from the last.
type Healer interface {
	// Healed returns when all have, or with ctx's error.
	Healed(ctx context.Context) error
}

var clients = map[string]Client{
	"fleet":           fleetClient{},
	"fleet-receive":   fleetClient{receive: true},
	"pool":            poolClient{},
	"pool-send":       poolClient{choose: true},
	"gobwas":          bare{gobwas{}},
	"gobwas-bufio":    bare{gobwas{buffered: true}},
	"gobwas-combined": bare{gobwas{buffered: true, combined: true}},
	"gobwas-ping":     bare{gobwas{pinged: true}},
	"gorilla":         bare{gorilla{}},
	"coder":           bare{coder{}},
	"gws":             bare{lxzan{}},
}

// Names returns the names of all clients, sorted.
func Names() []string { return slices.Sorted(maps.Keys(clients)) }

// Named returns the client of a name; false: there is none.
func Named(name string) (Client, bool) {
	c, ok := clients[name]
	return c, ok
}
