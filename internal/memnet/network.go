// Package memnet is a network in memory for tests: buffered like the kernel's, so
// that two peers may write at once (net.Pipe would deadlock), and made of channels
// and timers alone, so that it works inside a testing/synctest bubble and costs no
// real time.
//
//	Conn ──Write──▶ [ bounded buffer · latency · Hold · FIN/RST ] ──Read──▶ Conn
//	     ◀──Read─── [ the same, the other way                  ] ◀──Write──
//
// It imitates what a TCP user can see: a refused connect, blocking when the peer does
// not read, deadlines, half-close, end of stream, reset, silence.
package memnet

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// defaultBuffer is the capacity of one direction of a connection, in bytes.
const defaultBuffer = 64 << 10

// backlog is how many connections may wait for Accept before a dial blocks.
const backlog = 1024

// Network is a set of listeners that can be dialled. The zero value is an empty
// network without latency. Latency and Buffer are read when a connection is dialled.
type Network struct {
	Latency time.Duration // one way, for every byte, FIN and RST; a dial takes two of them
	Buffer  int           // bytes in flight per direction; 0: 64 KiB

	mu        sync.Mutex
	listeners map[string]*listener
	ports     int
}

// Listen takes an address. Port 0 is replaced by a free one. A taken address is
// EADDRINUSE.
func (n *Network) Listen(address string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("listen %s: %w", address, err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if port == "0" {
		n.ports++
		address = net.JoinHostPort(host, strconv.Itoa(n.ports))
	}
	if n.listeners[address] != nil {
		return nil, opError("listen", addr(address), os.NewSyscallError("bind", syscall.EADDRINUSE))
	}
	l := &listener{network: n, addr: addr(address), queue: make(chan *Conn, backlog), closed: make(chan struct{})}
	if n.listeners == nil {
		n.listeners = map[string]*listener{}
	}
	n.listeners[address] = l
	return l, nil
}

// DialContext connects to a listener. Where nobody listens it is ECONNREFUSED.
func (n *Network) DialContext(ctx context.Context, _, address string) (net.Conn, error) {
	target := addr(address)
	if err := pause(ctx, 2*n.Latency); err != nil {
		return nil, opError("dial", target, err)
	}
	n.mu.Lock()
	l := n.listeners[address]
	n.ports++
	local := addr("client:" + strconv.Itoa(n.ports))
	n.mu.Unlock()
	if l == nil {
		return nil, refused(target)
	}
	near, far := n.pair(local, target)
	select {
	case l.queue <- far:
		return near, nil
	case <-l.closed:
		return nil, refused(target)
	case <-ctx.Done():
		return nil, opError("dial", target, ctx.Err())
	}
}

// pair makes the two ends of one connection.
func (n *Network) pair(local, remote addr) (near, far *Conn) {
	size := n.Buffer
	if size == 0 {
		size = defaultBuffer
	}
	there, back := newHalf(size, n.Latency), newHalf(size, n.Latency)
	there.opposite, back.opposite = back, there
	near = &Conn{in: back, out: there, local: local, remote: remote}
	far = &Conn{in: there, out: back, local: remote, remote: local}
	return near, far
}

// pause waits for d, or less when ctx ends first.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 || ctx.Err() != nil {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// addr is the address of one end; all of them claim to be TCP.
type addr string

func (a addr) Network() string { return "tcp" }
func (a addr) String() string  { return string(a) }

func opError(op string, a net.Addr, err error) error {
	return &net.OpError{Op: op, Net: "tcp", Addr: a, Err: err}
}

func refused(a net.Addr) error {
	return opError("dial", a, os.NewSyscallError("connect", syscall.ECONNREFUSED))
}
