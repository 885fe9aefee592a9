package wire

import (
	"bytes"
	"io"
	"net"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/internal/echo"
	"github.com/wsheal/wsheal/pool/heal"
)

// guest is somebody who waits for what a connection brings, and who saw who handled it.
type guest struct {
	*Conn
	desk   Desk
	frames chan handled
	came   atomic.Int32 // data frames in there
	leave  atomic.Bool
	over   chan struct{} // closed with the last frame
}

// handled is a frame, or an end, and the name of the goroutine that handled it.
type handled struct {
	payload string
	op      ws.OpCode
	err     error
	by      string
}

// here is the name of this goroutine.
func here() string {
	stack := make([]byte, 64)
	name, _, _ := bytes.Cut(stack[:runtime.Stack(stack, false)], []byte(" ["))
	return string(name)
}

// visit opens a connection to a server and serves it.
func visit(t *testing.T, server func(c *net.TCPConn)) *guest {
	t.Helper()
	g := &guest{frames: make(chan handled, 64), over: make(chan struct{})}
	g.Conn = dial(t, &Dialer{}, Request{URL: "ws://" + tcp(t, upgraded(server))})
	g.Serve(func(f Frame, err error) bool {
		if !f.Op.IsControl() && err == nil {
			g.came.Add(1)
		}
		g.frames <- handled{string(f.Payload), f.Op, err, here()}
		if err != nil || f.Op == ws.OpClose {
			close(g.over)
			return false
		}
		return true
	})
	t.Cleanup(func() {
		g.Kill()
		<-g.over
		g.desk.Wait()
	})
	return g
}

func (g *guest) enough() bool { return g.came.Load() > 0 || g.leave.Load() }

// next waits for a data frame, and attends as long as that can be had.
func (g *guest) next() handled {
	for !g.enough() && g.Attend(&g.desk, g.enough) {
	}
	f := <-g.frames
	g.came.Add(-1)
	return f
}

// settle has the guest echo until he reads for himself, and is away.
func (g *guest) settle(t *testing.T) {
	t.Helper()
	for range 100_000 {
		say(t, g.Conn)
		if g.next().by == here() {
			return
		}
	}
	t.Fatal("he was never let read")
}

// TestWhoWaitsReads: what he waits for is handled on his goroutine, and nothing is lost or
// out of order, whoever reads.
func TestWhoWaitsReads(t *testing.T) {
	const frames = 3000
	g := visit(t, func(c *net.TCPConn) {
		for i := range frames {
			size := 1 + i%7
			if i%100 == 0 {
				size = 5000 // more than is ever buffered
			}
			if _, err := c.Write(frame(textFin, strings.Repeat(string(rune('a'+i%26)), size))); err != nil {
				return
			}
		}
		_, _ = io.Copy(io.Discard, c)
	})
	for i := range frames {
		f := g.next()
		require.NoError(t, f.err)
		require.Equal(t, byte('a'+i%26), f.payload[0], "frame %d", i)
	}
	e := visit(t, func(c *net.TCPConn) { echo.Serve(c) })
	e.settle(t)
}

// TestAVisitorWhoStaysAwayHoldsNobodyUp: what arrives meanwhile is read, and so is the end.
func TestAVisitorWhoStaysAwayHoldsNobodyUp(t *testing.T) {
	speak := make(chan struct{})
	g := visit(t, func(c *net.TCPConn) {
		go func() {
			for range speak {
				_, _ = c.Write(frame(0x80|byte(ws.OpPing), "are you there"))
			}
			_ = c.SetLinger(0)
			c.Close()
		}()
		echo.Serve(c)
	})
	g.settle(t)
	speak <- struct{}{}
	f := <-g.frames
	assert.Equal(t, ws.OpPing, f.op)
	assert.NotEqual(t, here(), f.by)
	g.settle(t)
	close(speak)
	f = <-g.frames
	cause, _ := Cause(f.err, false)
	assert.Equal(t, heal.Reset, cause)
	assert.NotEqual(t, here(), f.by)
	assert.False(t, g.Attend(&g.desk, g.enough), "it is over")
}

// TestWhoStillWaitsIsNotLeftAlone: it is no message that has come, so he is not one who could
// read the next.
func TestWhoStillWaitsIsNotLeftAlone(t *testing.T) {
	speak := make(chan struct{})
	g := visit(t, func(c *net.TCPConn) {
		for range speak {
			_, _ = c.Write(frame(0x80|byte(ws.OpPing), "are you there"))
		}
	})
	require.False(t, g.Attend(&g.desk, g.enough))
	for range 20 {
		speak <- struct{}{}
		assert.Equal(t, ws.OpPing, (<-g.frames).op)
	}
	assert.Equal(t, int32(1), g.visits.Load().enough.Load(), "nobody was found to be away")
	close(speak)
	assert.Error(t, (<-g.frames).err)
}

// TestRecallEndsAVisit in which nothing comes, and the next one is none the worse.
func TestRecallEndsAVisit(t *testing.T) {
	g := visit(t, func(c *net.TCPConn) { echo.Serve(c) })
	for range 20 {
		g.settle(t)
		go func() {
			for !g.Attended() {
				runtime.Gosched()
			}
			g.leave.Store(true)
			g.Recall()
		}()
		for !g.enough() { // he may have been replaced meanwhile, and lets the resident lend again
			if !g.Attend(&g.desk, g.enough) {
				say(t, g.Conn)
				g.next()
			}
		}
		require.True(t, g.leave.Load())
		g.leave.Store(false)
		say(t, g.Conn)
		assert.NoError(t, g.next().err)
	}
}

// TestTheEndOfAVisitedConnection is told on a goroutine that may take its time.
func TestTheEndOfAVisitedConnection(t *testing.T) {
	for name, end := range map[string]func(g *guest){
		"killed": func(g *guest) { g.Kill() },
		"closed": func(g *guest) {
			_, err := g.WriteNow(g.AppendFrame(nil, ws.OpClose, []byte{3, 232}))
			if err != nil {
				panic(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := visit(t, func(c *net.TCPConn) { echo.Serve(c) })
			g.settle(t)
			go func() {
				for !g.Attended() && g.visits.Load().role() == nobody {
					runtime.Gosched()
				}
				end(g)
			}()
			g.Attend(&g.desk, g.enough)
			f := <-g.frames
			assert.NotEqual(t, here(), f.by)
			if name == "killed" {
				assert.ErrorIs(t, f.err, net.ErrClosed)
			} else {
				assert.Equal(t, ws.OpClose, f.op)
			}
		})
	}
}

// TestHalfAMessageHoldsNoVisitorUp: he is free to leave before the rest has come.
func TestHalfAMessageHoldsNoVisitorUp(t *testing.T) {
	rest := make(chan struct{})
	g := visit(t, func(c *net.TCPConn) {
		for {
			f, err := receive(c)
			if err != nil {
				return
			}
			if string(f.Payload) != "half" {
				_, _ = c.Write(frame(textFin, "whole"))
				continue
			}
			_, _ = c.Write(frame(textFin, "slowly")[:5])
			<-rest
			_, _ = c.Write(frame(textFin, "slowly")[5:])
		}
	})
	g.settle(t)
	_, err := g.WriteNow(g.AppendFrame(nil, ws.OpText, []byte("half")))
	require.NoError(t, err)
	for g.Attend(&g.desk, g.enough) {
	}
	assert.Zero(t, g.came.Load())
	close(rest)
	assert.Equal(t, "slowly", g.next().payload)
}

// TestOnlyWhatIsPlainIsLent: elsewhere the resident reads, however often somebody asks.
func TestOnlyWhatIsPlainIsLent(t *testing.T) {
	n := memory()
	address := n.serve(t, upgraded(func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }))
	c := dial(t, &Dialer{DialContext: n.dial}, Request{URL: "ws://" + address})
	var d Desk
	for range 3 {
		assert.False(t, c.Attend(&d, func() bool { return true }))
	}
	assert.Nil(t, c.visits.Load())
}
