package soak

import (
	"net"
	"sync"
	"time"
)

const (
	sip      = 64                    // bytes that a slow reader takes at once
	sipEvery = 20 * time.Millisecond // and how often
)

// valve lets bytes through unless somebody holds it.
type valve struct {
	mu    sync.Mutex
	holds int
	gate  chan struct{} // closed when the last hold is over; nil: there is none
}

func (x *valve) hold() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.holds++; x.holds == 1 {
		x.gate = make(chan struct{})
	}
}

func (x *valve) release() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.holds--; x.holds == 0 {
		close(x.gate)
		x.gate = nil
	}
}

// wait waits until nobody holds it; false: dead was closed before.
func (x *valve) wait(dead <-chan struct{}) bool {
	for {
		x.mu.Lock()
		gate := x.gate
		x.mu.Unlock()
		if gate == nil {
			return true
		}
		select {
		case <-gate:
		case <-dead:
			return false
		}
	}
}

// weather is what a connection meets on its way, or all of a server's do.
type weather struct {
	valve
	mu    sync.Mutex
	delay time.Duration // of everything that is read
	slow  int           // times that the reader was made slow
}

// lag changes the delay.
func (w *weather) lag(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.delay += d
}

// dawdle makes the reader slow; -1: not any more.
func (w *weather) dawdle(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.slow += n
}

func (w *weather) now() (delay time.Duration, slow bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.delay, w.slow > 0
}

// line is the server's end of a connection whose bytes can be held, delayed or taken in
// sips. What is held stays in order and is not lost: no end of stream is seen either, as
// in a network that is partitioned.
type line struct {
	*net.TCPConn
	own, all *weather
	dead     chan struct{} // closed when the connection is
	over     sync.Once
}

func newLine(c *net.TCPConn, all *weather) *line {
	return &line{TCPConn: c, own: new(weather), all: all, dead: make(chan struct{})}
}

// pass waits while bytes are held, and for d.
func (l *line) pass(d time.Duration) error {
	if d > 0 {
		clock := time.NewTimer(d)
		defer clock.Stop()
		select {
		case <-clock.C:
		case <-l.dead:
		}
	}
	if !l.own.wait(l.dead) || !l.all.wait(l.dead) {
		return net.ErrClosed
	}
	return nil
}

func (l *line) Read(b []byte) (int, error) {
	mine, slow := l.own.now()
	ours, _ := l.all.now()
	d := mine + ours
	if slow {
		b, d = b[:min(sip, len(b))], d+sipEvery
	}
	n, err := l.TCPConn.Read(b)
	if held := l.pass(d); held != nil {
		return 0, held
	}
	return n, err
}

func (l *line) Write(b []byte) (int, error) {
	if err := l.pass(0); err != nil {
		return 0, err
	}
	return l.TCPConn.Write(b)
}

// Close ends the connection; the kernel tells the peer by a FIN, or by a RST when there is
// something that was not read.
func (l *line) Close() error {
	l.over.Do(func() { close(l.dead) })
	return l.TCPConn.Close()
}

// reset ends it by a RST.
func (l *line) reset() {
	_ = l.SetLinger(0)
	_ = l.Close()
}
