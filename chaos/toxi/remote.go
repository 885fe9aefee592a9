package toxi

import (
	"context"
	"errors"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/wsheal/wsheal/chaos/door"
)

// errDial is what reading from a remote that could not be dialled returns.
var errDial = errors.New("target not reached")

// remote is the connection to the target, dialled when dial is first called. Reading
// waits for it; the tap hands over nothing to write before it is there.
type remote struct {
	conn  *conn
	ready chan struct{} // closed when the dial has ended, or will never be
	now   prompt

	mu     sync.Mutex
	began  bool
	closed bool
	cancel context.CancelFunc
	tcp    *net.TCPConn // nil until dialled
	err    error        // why there is no tcp and never will be
}

func newRemote(c *conn) *remote { return &remote{conn: c, ready: make(chan struct{})} }

// dial begins to dial, once. It does not wait.
func (r *remote) dial() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.began || r.closed {
		return
	}
	r.began = true
	ctx, cancel := context.WithTimeout(context.Background(), r.conn.proxy.server.options.DialTimeout)
	r.cancel = cancel
	r.conn.proxy.ends.Add(1)
	go r.connect(ctx)
}

func (r *remote) connect(ctx context.Context) {
	defer r.conn.proxy.ends.Done()
	d := net.Dialer{Control: door.Fits}
	nc, err := d.DialContext(ctx, "tcp", r.conn.upstream)
	r.mu.Lock()
	r.cancel()
	switch {
	case err == nil && r.closed:
		_ = nc.Close()
		r.err = net.ErrClosed
	case err == nil:
		r.tcp = nc.(*net.TCPConn)
	case r.closed:
		r.err = net.ErrClosed
	default:
		r.err = errDial
		r.conn.proxy.refused.Add(1)
		if exhausted(err) {
			r.conn.proxy.errors.Add(1)
		}
	}
	close(r.ready)
	r.mu.Unlock()
	r.conn.up.poke()
}

// exhausted says whether descriptors ran out, but for those that are spared.
func exhausted(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, door.ErrFull)
}

// begun says whether the target has been or is being dialled.
func (r *remote) begun() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.began
}

// dialled says whether the target can be written to.
func (r *remote) dialled() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tcp != nil
}

// failed says whether it never will be.
func (r *remote) failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err != nil
}

// socket returns the dialled connection, or the error to return in its place.
func (r *remote) socket() (*net.TCPConn, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tcp == nil && r.err == nil {
		return nil, net.ErrClosed
	}
	return r.tcp, r.err
}

// Read waits for the dial.
func (r *remote) Read(b []byte) (int, error) {
	<-r.ready
	tcp, err := r.socket()
	if err != nil {
		return 0, err
	}
	return tcp.Read(b)
}

// Write does not wait: nothing is written before the dial has ended.
func (r *remote) Write(b []byte) (int, error) {
	tcp, err := r.socket()
	if err != nil {
		return 0, err
	}
	return tcp.Write(b)
}

// writeNow writes nothing before the dial has ended.
func (r *remote) writeNow(b []byte) (int, error) {
	tcp, err := r.socket()
	if err != nil {
		return 0, err
	}
	return r.now.write(tcp, b)
}

// Close closes the connection, or makes sure that there will be none.
func (r *remote) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return net.ErrClosed
	}
	r.closed = true
	switch {
	case r.tcp != nil:
		return r.tcp.Close()
	case r.began:
		r.cancel()
	default:
		r.err = net.ErrClosed
		close(r.ready)
	}
	return nil
}

// CloseWrite ends the stream to the target; before the dial it is Close.
func (r *remote) CloseWrite() error {
	r.mu.Lock()
	tcp, closed := r.tcp, r.closed
	r.mu.Unlock()
	switch {
	case closed:
		return net.ErrClosed
	case tcp == nil:
		return r.Close()
	}
	return tcp.CloseWrite()
}

// SetLinger is net.TCPConn's; before the dial there is nothing to set.
func (r *remote) SetLinger(sec int) error {
	if tcp, err := r.socket(); err == nil {
		return tcp.SetLinger(sec)
	}
	return nil
}

// SetWriteDeadline is net.Conn's; before the dial there is no write to end.
func (r *remote) SetWriteDeadline(t time.Time) error {
	if tcp, err := r.socket(); err == nil {
		return tcp.SetWriteDeadline(t)
	}
	return nil
}
