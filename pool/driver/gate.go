package driver

import "sync/atomic"

// gate is passed by whoever waits for it once it is open. It is as small as a pointer, for
// there is one per dial, and hardly ever does anybody have to wait.
type gate struct{ at atomic.Pointer[chan struct{}] }

var opened = func() *chan struct{} {
	c := make(chan struct{})
	close(c)
	return &c
}()

// open lets everybody pass, from now on. It must be called once.
func (g *gate) open() {
	if c := g.at.Swap(opened); c != nil {
		close(*c)
	}
}

// wait returns a channel that is closed when the gate is open.
func (g *gate) wait() <-chan struct{} {
	if c := g.at.Load(); c != nil {
		return *c
	}
	c := make(chan struct{})
	if g.at.CompareAndSwap(nil, &c) {
		return c
	}
	return *g.at.Load()
}
