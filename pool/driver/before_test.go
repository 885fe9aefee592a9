package driver

import (
	"context"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/heal"
)

// clinging is a connection that does not end when it is killed: a write holds on to it for a
// while.
type clinging struct {
	dialed list[time.Time]
	armed  bool
	let    time.Time // when the write lets go
}

func (x *clinging) tamper(o *Options) {
	inner := o.DialContext
	o.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		x.dialed.add(time.Now())
		return inner(ctx, network, addr)
	}
	tamper(o, func(p []byte, through func([]byte) (int, error)) (int, error) {
		if x.armed {
			x.armed = false
			time.Sleep(2 * time.Minute)
			x.let = time.Now()
			return 0, syscall.ECONNRESET
		}
		return through(p)
	})
}

// cling makes the connection in use one that clings, and waits until it has been killed and
// another one is there.
func (x *clinging) cling(w *world) {
	x.armed = true
	require.NoError(w, w.send(0, 1))
	var killed time.Time
	for range 3000 {
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		if killed.IsZero() && !w.fleet.Client(0).Phase.Usable() {
			killed = time.Now()
			w.server.behave(nil)
		}
	}
	require.False(w, killed.IsZero())
	require.Less(w, killed, x.let)
	require.Equal(w, 1, w.fleet.Snapshot().Usable())
	for _, at := range x.dialed.all() {
		assert.False(w, at.After(killed) && at.Before(x.let), "dialled %v before the end of what came before", x.let.Sub(at))
	}
}

// TestADialWaitsForAConnectionThatWasKilled, and is not over yet.
func TestADialWaitsForAConnectionThatWasKilled(t *testing.T) {
	var x clinging
	inWorld(t, x.tamper, func(w *world) {
		w.settled()
		x.cling(w)
	})
}

// TestADialAfterAMoveThatFailedWaits for the connection that was to be replaced, and not only
// for what was to replace it.
func TestADialAfterAMoveThatFailedWaits(t *testing.T) {
	var x clinging
	inWorld(t, x.tamper, func(w *world) {
		w.settled()
		w.server.behave(func(c *served) { c.mem().Reset() })
		w.fleet.Move(0)
		for len(w.log.steps(heal.Failed)) == 0 {
			time.Sleep(time.Millisecond)
			synctest.Wait()
		}
		x.cling(w)
	})
}

// TestADialDoesNotWaitForAConnectionThatDrained: it was replaced, and is seen off.
func TestADialDoesNotWaitForAConnectionThatDrained(t *testing.T) {
	c := &client{fleet: new(Fleet), dialed: 2, ended: new(gate)}
	c.conn = &conn{client: c, gen: 1, ended: new(gate), condemned: true, farewell: 1000}
	assert.Same(t, c.ended, c.before())
}

func TestBothGatesMustBeOpen(t *testing.T) {
	for first := range 2 {
		synctest.Test(t, func(t *testing.T) {
			gates := []*gate{new(gate), new(gate)}
			all := new(Fleet).both(gates[0], gates[1])
			gates[first].open()
			synctest.Wait()
			select {
			case <-all.wait():
				assert.Fail(t, "one was enough")
			default:
			}
			gates[1-first].open()
			<-all.wait()
		})
	}
}
