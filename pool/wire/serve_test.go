package wire

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/internal/echo"
	"github.com/wsheal/wsheal/internal/memnet"
	"github.com/wsheal/wsheal/pool/heal"
)

func TestServeHandsOverInOrder(t *testing.T) {
	const frames = 2000
	for _, n := range []network{sockets(), memory()} {
		t.Run(n.name, func(t *testing.T) {
			url := "ws://" + n.serve(t, upgraded(func(c net.Conn) {
				for i := range frames {
					if _, err := c.Write(frame(textFin, strconv.Itoa(i))); err != nil {
						return
					}
				}
			}))
			c := dial(t, &Dialer{DialContext: n.dial}, Request{URL: url})
			var got []string
			over := make(chan error)
			c.Serve(func(f Frame, err error) bool {
				if err != nil {
					over <- err
					return true // nothing comes after an error all the same
				}
				got = append(got, string(f.Payload))
				return true
			})
			cause, _ := Cause(<-over, false)
			assert.Equal(t, heal.EOF, cause)
			require.Len(t, got, frames)
			for i, s := range got {
				require.Equal(t, strconv.Itoa(i), s)
			}
		})
	}
}

// TestWhatComesWithThe101 has frames arrive with it in one segment, which wakes nobody
// later: some in its TLS record, some in the next.
func TestWhatComesWithThe101(t *testing.T) {
	want := texts("a", string(make([]byte, 5000)), "b", "c")
	config := &tls.Config{Certificates: certificate(t)}
	speak := func(c net.Conn, say func(...[]byte)) {
		r, err := request(c)
		if err != nil {
			return
		}
		answer := strings.ReplaceAll(switching(), "{accept}", acceptOf(r.Header.Get("Sec-Websocket-Key")))
		said := [][]byte{[]byte(answer)}
		for _, f := range want.frames {
			said = append(said, frame(textFin, string(f.Payload)))
		}
		say(said...)
		_, _ = io.Copy(io.Discard, c)
	}
	plain := tcp(t, func(c *net.TCPConn) {
		speak(c, func(said ...[]byte) { _, _ = c.Write(join(said...)) })
	})
	secure := tcp(t, func(c *net.TCPConn) {
		segment := &gathering{Conn: c}
		s := tls.Server(segment, config)
		speak(s, func(said ...[]byte) {
			segment.gather = true
			_, _ = s.Write(join(said[:2]...))
			_, _ = s.Write(said[2])
			_, _ = s.Write(join(said[3:]...))
			_, _ = c.Write(segment.bytes)
		})
	})
	for _, url := range []string{"ws://" + plain, "wss://" + secure} {
		d := &Dialer{TLS: &tls.Config{InsecureSkipVerify: true}}
		c := dial(t, d, Request{URL: url})
		frames := make(chan Frame)
		c.Serve(func(f Frame, err error) bool {
			if err == nil {
				frames <- Frame{Op: f.Op, Payload: bytes.Clone(f.Payload)}
			}
			return true
		})
		for _, f := range want.frames {
			assert.Equal(t, f, <-frames, url)
		}

		c = dial(t, d, Request{URL: url})
		for _, want := range want.frames {
			c.Wait()
			f, err := c.Read()
			require.NoError(t, err)
			assert.Equal(t, want, f, url)
		}
	}
}

// gathering keeps what is written, once it is told to.
type gathering struct {
	net.Conn
	gather bool
	bytes  []byte
}

func (c *gathering) Write(p []byte) (int, error) {
	if c.gather {
		c.bytes = append(c.bytes, p...)
		return len(p), nil
	}
	return c.Conn.Write(p)
}

func TestServeEndsWhenNoMoreIsWanted(t *testing.T) {
	url := "ws://" + tcp(t, upgraded(func(c *net.TCPConn) {
		_, _ = c.Write(join(frame(textFin, "a"), frame(textFin, "b")))
		_, _ = c.Read(make([]byte, 1))
	}))
	c := dial(t, &Dialer{}, Request{URL: url})
	handled := make(chan string, 2)
	c.Serve(func(f Frame, _ error) bool {
		handled <- string(f.Payload)
		return false
	})
	assert.Equal(t, "a", <-handled)
	f, err := c.Read() // it is ours again
	require.NoError(t, err)
	assert.Equal(t, "b", string(f.Payload))
	assert.Empty(t, handled)
}

// TestWhoRests is about which connections wait on a fresh stack.
func TestWhoRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, server := inMemory(t, &memnet.Network{})
		defer server.Close()
		defer c.Kill()
		arrives := func() (before int64) {
			before = c.socket.inbound.Load()
			c.socket.inbound.Store(c.socket.now())
			return before
		}
		time.Sleep(time.Second)
		arrives()
		for range settling {
			assert.True(t, c.rests(arrives()), "it is new")
		}
		assert.False(t, c.rests(arrives()), "it is busy")
		time.Sleep(quiet)
		assert.False(t, c.rests(arrives()))
		time.Sleep(quiet + time.Nanosecond)
		assert.True(t, c.rests(arrives()))
	})
}

// TestWhoWaitsHasDoneNothingElse looks at which goroutine handles a frame: while a connection
// is new it is another each time, which was small as long as it waited. BenchmarkIdle tells
// what that is worth.
func TestWhoWaitsHasDoneNothingElse(t *testing.T) {
	c := dial(t, &Dialer{}, Request{URL: "ws://" + tcp(t, upgraded(func(c *net.TCPConn) { echo.Serve(c) }))})
	handled := make(chan string)
	c.Serve(func(Frame, error) bool {
		stack := make([]byte, 64)
		name, _, _ := bytes.Cut(stack[:runtime.Stack(stack, false)], []byte(" ["))
		handled <- string(name)
		return true
	})
	seen := map[string]bool{}
	for range settling {
		say(t, c)
		seen[<-handled] = true
	}
	assert.Len(t, seen, settling)
	c.Kill()
	<-handled
}

func TestEvidence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, server := inMemory(t, &memnet.Network{})
		defer server.Close()
		defer c.Kill()
		assert.Equal(t, []heal.Instant{0, 0, 0}, []heal.Instant{c.Inbound(), c.Outbound(), c.Heard()}, "the handshake is none")
		say := func(b []byte) {
			time.Sleep(time.Second)
			_, err := server.Write(b)
			require.NoError(t, err)
			_, err = c.Read()
			require.NoError(t, err)
		}
		say(frame(pingFin, ""))
		say(frame(textFin, "a"))
		time.Sleep(time.Second)
		_, _, err := c.Write([]byte("x"), time.Second)
		require.NoError(t, err)
		assert.Equal(t, []heal.Instant{2e9, 3e9, 1e9}, []heal.Instant{c.Inbound(), c.Outbound(), c.Heard()})
	})
}

// TestDeflated has a server deflate, by the letter and not.
func TestDeflated(t *testing.T) {
	long := bytes.Repeat([]byte("all work and no play "), 5000)
	small := deflate(long)
	rsv1 := byte(0x40)
	for name, test := range map[string]struct {
		said []byte
		max  int
		want heard
	}{
		"in a frame":             {said: frame(textFin|rsv1, string(small)), want: texts(string(long))},
		"beside one that is not": {said: join(frame(textFin|rsv1, string(small)), frame(textFin, "plain")), want: texts(string(long), "plain")},
		"in fragments": {
			said: join(frame(textOpen|rsv1, string(small[:5])), frame(moreOpen, ""), frame(moreFin, string(small[5:]))),
			want: texts(string(long)),
		},
		"nothing":              {said: frame(textFin|rsv1, "\x00"), want: texts("")},
		"stored":               {said: frame(textFin|rsv1, "\x00\x02\x00\xfd\xffhi\x00"), want: texts("hi")},
		"a last block":         {said: frame(textFin|rsv1, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), want: texts("Hello")}, // RFC 7692 7.2.3.4
		"as large as may be":   {said: frame(textFin|rsv1, string(small)), max: len(long), want: texts(string(long))},
		"one byte larger":      {said: frame(textFin|rsv1, string(small)), max: len(long) - 1, want: violated(1009)},
		"noise":                {said: frame(textFin|rsv1, "\xff\xff\xff"), want: violated(1002)},
		"no text inside":       {said: frame(textFin|rsv1, string(deflate(bytes.Repeat([]byte{0xff}, 200)))), want: violated(1007)},
		"rsv1 on a fragment":   {said: join(frame(textOpen|rsv1, string(small[:5])), frame(moreFin|rsv1, string(small[5:]))), want: violated(1002)},
		"rsv1 on a ping":       {said: frame(pingFin|rsv1, ""), want: violated(1002)},
		"rsv2 beside it":       {said: frame(textFin|rsv1|0x20, string(small)), want: violated(1002)},
		"a message cut short":  {said: frame(textFin|rsv1, string(small[:len(small)/2])), want: violated(1002)},
		"a control in between": {said: join(frame(textOpen|rsv1, string(small[:5])), frame(pongFin, "x"), frame(moreFin, string(small[5:]))), want: heard{frames: append([]Frame{{Op: ws.OpPong, Payload: []byte("x")}}, texts(string(long)).frames...)}},
	} {
		t.Run(name, func(t *testing.T) {
			url := answering(t, switching("Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover")+string(test.said))
			c := dial(t, &Dialer{Deflate: true, MaxMessage: test.max}, Request{URL: url})
			assert.True(t, c.Deflates())
			assert.Equal(t, test.want, hear(c.Read))
		})
	}
}

func TestErrorsOfTheStallAreTold(t *testing.T) {
	assert.EqualError(t, ErrStalled, "the peer takes no bytes")
	var temporary interface{ Temporary() bool }
	require.True(t, errors.As(errAgain, &temporary))
	assert.True(t, temporary.Temporary(), "crypto/tls goes on reading behind it")
	assert.EqualError(t, errAgain, "nothing to read yet")
}
