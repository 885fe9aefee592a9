package wire

import (
	"context"
	"net"
)

// direct is never changed.
var direct = net.Dialer{Control: speaksFirst, KeepAlive: -1}

// Direct opens a TCP connection as a Dialer does that was given no DialContext. It is there to
// be wrapped by one.
//
// On Linux the packet that ends TCP's handshake is held back until it carries the first bytes
// that are written, as HAProxy's tcp-smart-connect has it, and the 101 is acknowledged with
// what is written next: two packets less per connection, for the server as well. A fleet pings
// at once behind a 101. Who writes nothing there acknowledges it up to 40 ms later, for which
// a server waits whose kernel holds back small segments until then (Nagle's algorithm).
//
// TCP's keepalive is off, which is four system calls less: a fleet pings (see Dialer.KeepAlive).
func Direct(ctx context.Context, network, addr string) (net.Conn, error) {
	return direct.DialContext(ctx, network, addr)
}
