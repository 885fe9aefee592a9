package memnet

import (
	"net"
	"sync"
)

// listener is one address that accepts.
type listener struct {
	network *Network
	addr    addr
	queue   chan *Conn
	closed  chan struct{}
	once    sync.Once
}

// Accept returns the far end of the next dialled connection, always a *Conn.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case <-l.closed:
		return nil, opError("accept", l.addr, net.ErrClosed)
	default:
	}
	select {
	case c := <-l.queue:
		return c, nil
	case <-l.closed:
		return nil, opError("accept", l.addr, net.ErrClosed)
	}
}

// Close frees the address. Connections that nobody accepted are reset, as a kernel
// does; accepted ones live on.
func (l *listener) Close() error {
	err := opError("close", l.addr, net.ErrClosed)
	l.once.Do(func() {
		l.network.mu.Lock()
		delete(l.network.listeners, string(l.addr))
		l.network.mu.Unlock()
		close(l.closed)
		for {
			select {
			case c := <-l.queue:
				c.Reset()
				continue
			default:
			}
			break
		}
		err = nil
	})
	return err
}

// Addr returns the address that can be dialled.
func (l *listener) Addr() net.Addr { return l.addr }
