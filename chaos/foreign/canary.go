package foreign

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gobwas/ws"

	"github.com/wsheal/wsheal/chaos"
)

const (
	canaries    = 4                      // for each fault
	canaryID    = 1 << 62                // the first of their numbers, beyond any fleet's
	interval    = 20 * time.Millisecond  // between their pings
	mostOut     = 64                     // pings without an answer, after which they wait
	afterglow   = 2 * time.Second        // for what a fault had held to come when it is cleared
	silence     = 100 * time.Millisecond // without an answer before it can be said that none comes
	pingBytes   = 125                    // of a ping's payload, the most that there may be
	onWire      = pingBytes + 6          // of one, masked
	burstLength = 300 * time.Millisecond // that a limited rate needs for what is sent at once
)

// canary is one WebSocket connection that sends pings, and when they were answered.
type canary struct {
	conn net.Conn
	in   *bufio.Reader

	mu     sync.Mutex
	pings  []ping    // by number
	left   time.Time // when it ended its stream; zero: it has not
	failed error     // why it ended before it was to
	ended  time.Time
	over   chan struct{}
}

// ping is one ping: when it went and when its answer came, zero for never.
type ping struct{ sent, got time.Time }

// dialCanary opens one to the proxy at an address, for the target's own URL.
func dialCanary(ctx context.Context, addr, target string, n int) (*canary, error) {
	d := ws.Dialer{
		Header: ws.HandshakeHeaderHTTP(http.Header{chaos.IdentityHeader: {fmt.Sprintf("%d/1", canaryID+n)}}),
		// It looks at the way, not at who is at its end.
		TLSConfig: &tls.Config{InsecureSkipVerify: true},
		NetDial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, addr)
		},
	}
	conn, br, _, err := d.Dial(ctx, target)
	if err != nil {
		return nil, fmt.Errorf("canary to %s: %w", target, err)
	}
	c := &canary{conn: conn, in: br, over: make(chan struct{})}
	if br == nil {
		c.in = bufio.NewReader(conn)
	}
	go c.read()
	return c, nil
}

// read notes answers until the connection ends.
func (c *canary) read() {
	defer close(c.over)
	for {
		h, err := ws.ReadHeader(c.in)
		if err != nil {
			c.fail(err)
			return
		}
		if !h.OpCode.IsControl() || h.Length > pingBytes {
			if _, err := io.CopyN(io.Discard, c.in, h.Length); err != nil {
				c.fail(err)
				return
			}
			continue
		}
		b := make([]byte, h.Length)
		if _, err := io.ReadFull(c.in, b); err != nil {
			c.fail(err)
			return
		}
		switch {
		case h.OpCode == ws.OpPing: // a write that fails, ends what is read
			_, _ = c.conn.Write(ws.MustCompileFrame(ws.MaskFrameInPlace(ws.NewPongFrame(b))))
		case h.OpCode == ws.OpPong && len(b) >= 8:
			c.answered(binary.BigEndian.Uint64(b), time.Now())
		}
	}
}

// answered notes the answer to a ping, and to all before it: a server that is behind may
// answer the last alone.
func (c *canary) answered(n uint64, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n >= uint64(len(c.pings)) {
		return // of nobody's asking
	}
	for i := int(n); i >= 0 && c.pings[i].got.IsZero(); i-- {
		c.pings[i].got = now
	}
}

func (c *canary) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed == nil && !errors.Is(err, net.ErrClosed) {
		c.failed, c.ended = err, time.Now()
	}
}

// ping sends n pings at once and returns the number of the last.
func (c *canary) ping(n int) (last int, err error) {
	var out []byte
	c.mu.Lock()
	now := time.Now()
	for range n {
		payload := make([]byte, pingBytes)
		binary.BigEndian.PutUint64(payload, uint64(len(c.pings)))
		c.pings = append(c.pings, ping{sent: now})
		out = append(out, ws.MustCompileFrame(ws.MaskFrameInPlace(ws.NewPingFrame(payload)))...)
	}
	last = len(c.pings) - 1
	c.mu.Unlock()
	_ = c.conn.SetWriteDeadline(now.Add(callLimit))
	if _, err := c.conn.Write(out); err != nil {
		c.fail(err)
		return last, err
	}
	return last, nil
}

// await returns when a ping was answered, or ctx is done, or the connection has ended.
func (c *canary) await(ctx context.Context, n int) error {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		c.mu.Lock()
		got, failed := !c.pings[n].got.IsZero(), c.failed
		c.mu.Unlock()
		switch {
		case got:
			return nil
		case failed != nil:
			return failed
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// leave ends its stream, below TLS. That the connection has ended before is found out.
func (c *canary) leave() {
	conn := c.conn
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	half, ok := conn.(interface{ CloseWrite() error })
	c.mu.Lock()
	c.left = time.Now()
	c.mu.Unlock()
	if ok {
		_ = half.CloseWrite()
	}
}

// lasted is how long it took from its leaving until its connection had ended, or a time has
// come, and whether it had ended by then.
func (c *canary) lasted(until time.Time) (took time.Duration, ended bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.left.IsZero():
		return 0, false
	case !c.ended.IsZero() && c.ended.Before(until):
		return c.ended.Sub(c.left), true
	}
	return until.Sub(c.left), false
}

// outstanding is how many pings were not answered.
func (c *canary) outstanding() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for i := len(c.pings) - 1; i >= 0 && c.pings[i].got.IsZero(); i-- {
		n++
	}
	return n
}

// log returns what was noted, and why the connection ended if it did before a time.
func (c *canary) log(until time.Time) ([]ping, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed != nil && c.ended.Before(until) {
		return slices.Clone(c.pings), c.failed
	}
	return slices.Clone(c.pings), nil
}

// close ends the connection and waits for its reader.
func (c *canary) close() {
	_ = c.conn.Close()
	<-c.over
}
