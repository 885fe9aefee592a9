package target

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEchoConformance(t *testing.T) {
	exchange := func(p *peer, op ws.OpCode, fin bool, payload string) {
		p.frame(op, fin, payload)
		p.want(op, fin, payload)
	}
	for _, c := range []struct {
		name     string
		talk     func(p *peer)
		messages int64
	}{
		{"text and binary", func(p *peer) {
			exchange(p, ws.OpText, true, "hello")
			exchange(p, ws.OpBinary, true, "\x00\x01\xff")
			exchange(p, ws.OpText, true, "")
		}, 3},
		{"every form of length", func(p *peer) {
			for _, n := range []int{1, 125, 126, 127, 1000, smallBuffer - 8, smallBuffer, 4096, 65535, 65536, 300_000} {
				exchange(p, ws.OpBinary, true, strings.Repeat("0123456789", n/10+1)[:n])
			}
		}, 11},
		{"text that is no UTF-8", func(p *peer) {
			exchange(p, ws.OpText, true, "\xc3\x28")
		}, 1},
		{"fragments, with a ping inside", func(p *peer) {
			exchange(p, ws.OpText, false, "one ")
			exchange(p, ws.OpContinuation, false, "")
			p.frame(ws.OpPing, true, "there?")
			p.want(ws.OpPong, true, "there?")
			exchange(p, ws.OpContinuation, true, "two")
			exchange(p, ws.OpText, true, "next")
		}, 2},
		{"pongs need no answer", func(p *peer) {
			p.frame(ws.OpPong, true, "unasked")
			exchange(p, ws.OpText, true, "x")
		}, 1},
		{"the longest control frame", func(p *peer) {
			p.frame(ws.OpPing, true, strings.Repeat("p", 125))
			p.want(ws.OpPong, true, strings.Repeat("p", 125))
		}, 0},
		{"many frames in one write", func(p *peer) {
			one := string(masked(ws.NewTextFrame([]byte("0123456789"))))
			p.send(strings.Repeat(one, 1000))
			for range 1000 {
				p.want(ws.OpText, true, "0123456789")
			}
		}, 1000},
		{"a frame byte by byte", func(p *peer) {
			for _, b := range masked(ws.NewTextFrame([]byte(strings.Repeat("z", 130)))) {
				p.send(string([]byte{b}))
				synctest.Wait()
			}
			p.want(ws.OpText, true, strings.Repeat("z", 130))
		}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := inMemory(t, Options{})
				p := w.upgraded("7/3")
				c.talk(p)
				p.frame(ws.OpClose, true, closeBody(1000, "done"))
				p.want(ws.OpClose, true, closeBody(1000, "done"))
				p.wantEnd()
				synctest.Wait()
				assert.Equal(t, Stats{Accepted: 1, Upgraded: 1, Messages: c.messages}, w.Stats())
			})
		})
	}
}

func TestCloseCodes(t *testing.T) {
	for _, body := range []string{
		"", closeBody(1000, ""), closeBody(1001, "away"), closeBody(1003, ""), closeBody(1007, ""), closeBody(1011, ""),
		closeBody(1012, "restart"), closeBody(1013, "later"), closeBody(1014, "gateway"), closeBody(3000, ""), closeBody(4999, "\xff"),
	} {
		synctest.Test(t, func(t *testing.T) {
			p := inMemory(t, Options{}).upgraded("1/1")
			p.frame(ws.OpClose, true, body)
			p.want(ws.OpClose, true, body)
			p.wantEnd()
		})
	}
	for _, body := range []string{"\x03", closeBody(0, ""), closeBody(999, ""), closeBody(1004, ""), closeBody(1005, ""), closeBody(1006, ""), closeBody(1015, ""), closeBody(2999, ""), closeBody(5000, "")} {
		synctest.Test(t, func(t *testing.T) {
			p := inMemory(t, Options{}).upgraded("1/1")
			p.frame(ws.OpClose, true, body)
			p.want(ws.OpClose, true, closeBody(1002, ""))
			p.wantEnd()
		})
	}
}

func TestViolationsAreAnswered(t *testing.T) {
	text := func(fin bool, s string) ws.Frame { return ws.NewFrame(ws.OpText, fin, []byte(s)) }
	reserved := text(true, "x")
	reserved.Header.Rsv = 4
	tooLong := ws.NewFrame(ws.OpPing, true, make([]byte, 126))
	for _, c := range []struct {
		name string
		sent []byte
		code int
	}{
		{"no mask", ws.MustCompileFrame(text(true, "x")), 1002},
		{"reserved bit", masked(reserved), 1002},
		{"reserved opcode", masked(ws.NewFrame(ws.OpCode(3), true, nil)), 1002},
		{"reserved control opcode", masked(ws.NewFrame(ws.OpCode(11), true, nil)), 1002},
		{"fragmented ping", masked(ws.NewFrame(ws.OpPing, false, nil)), 1002},
		{"long ping", masked(tooLong), 1002},
		{"continuation of nothing", masked(ws.NewFrame(ws.OpContinuation, true, nil)), 1002},
		{"a length of 2^63", []byte{0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}, 1002},
		{"message too big, by its header alone", []byte{0x82, 0xff, 0, 0, 0, 0, 0, 0, 0x03, 0xe9, 1, 2, 3, 4}, 1009},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := inMemory(t, Options{MaxMessage: 1000})
				p := w.upgraded("1/1")
				p.send(string(c.sent))
				p.want(ws.OpClose, true, closeBody(c.code, ""))
				p.wantEnd()
				synctest.Wait()
				assert.Zero(t, w.Stats().Live, "a connection that is being closed is no longer counted")
			})
		})
	}
	t.Run("a message inside another", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p := inMemory(t, Options{}).upgraded("1/1")
			p.frame(ws.OpText, false, "one")
			p.want(ws.OpText, false, "one")
			p.frame(ws.OpText, true, "two")
			p.want(ws.OpClose, true, closeBody(1002, ""))
		})
	})
	t.Run("message too big, over its fragments", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p := inMemory(t, Options{MaxMessage: 1000}).upgraded("1/1")
			for _, op := range []ws.OpCode{ws.OpBinary, ws.OpContinuation} {
				p.frame(op, false, strings.Repeat("x", 500))
				p.want(op, false, strings.Repeat("x", 500))
			}
			p.frame(ws.OpContinuation, true, "x")
			p.want(ws.OpClose, true, closeBody(1009, ""))
		})
	})
	t.Run("the largest message", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p := inMemory(t, Options{MaxMessage: 1000}).upgraded("1/1")
			for range 2 {
				p.frame(ws.OpBinary, false, strings.Repeat("x", 500))
				p.want(ws.OpBinary, false, strings.Repeat("x", 500))
				p.frame(ws.OpContinuation, true, strings.Repeat("x", 500))
				p.want(ws.OpContinuation, true, strings.Repeat("x", 500))
			}
		})
	})
}

// A client that is still sending when its violation is answered must get the answer:
// closing over unread bytes would be a RST. Real sockets, since memory has no RST of
// that kind.
func TestViolationInTheMiddleOfAFlood(t *testing.T) {
	w := onSockets(t, Options{})
	p := w.upgraded("1/1")
	p.send(string(masked(ws.NewFrame(ws.OpContinuation, true, nil))) + strings.Repeat("x", 32<<10))
	p.want(ws.OpClose, true, closeBody(1002, ""))
	p.wantEnd()
}

func TestLingerEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := inMemory(t, Options{})
		p := w.upgraded("1/1")
		began := time.Now()
		p.frame(ws.OpContinuation, true, "")
		p.want(ws.OpClose, true, closeBody(1002, ""))
		for {
			if _, err := p.conn.Write([]byte("x")); err != nil {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		assert.Equal(t, lingerTime, time.Since(began).Truncate(time.Second))
	})
}

func TestEchoFromTheFirstByteOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := inMemory(t, Options{Handshake: Handshake{Workers: 1, Cost: time.Second}})
		p := w.connect()
		// A client may not speak before the 101; one that does is heard, not lost. 600
		// bytes do not fit into what the request has left of the buffer.
		p.send(requestOf("1/1") + string(masked(ws.NewTextFrame([]byte("early")))))
		synctest.Wait()
		p.send(string(masked(ws.NewTextFrame([]byte(strings.Repeat("e", 600))))))
		res, err := p.response()
		require.NoError(t, err)
		require.Equal(t, http.StatusSwitchingProtocols, res.StatusCode)
		p.want(ws.OpText, true, "early")
		p.want(ws.OpText, true, strings.Repeat("e", 600))
	})
}

func TestSilenceIsNoFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := inMemory(t, Options{})
		p := w.upgraded("1/1")
		frame := masked(ws.NewTextFrame([]byte("patience")))
		p.send(string(frame[:3]))
		time.Sleep(24 * time.Hour)
		p.send(string(frame[3:]))
		p.want(ws.OpText, true, "patience")
		time.Sleep(24 * time.Hour)
		assert.EqualValues(t, 1, w.Stats().Live)
	})
}

// A client that does not read holds its connection up, and loses it in the end.
func TestWriteTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := inMemory(t, Options{WriteTimeout: 8 * time.Second})
		p := w.upgraded("1/1")
		p.frame(ws.OpText, true, "arms the deadline")
		p.want(ws.OpText, true, "arms the deadline")
		time.Sleep(time.Hour) // the deadline of that write is long past
		p.frame(ws.OpText, true, "still served")
		p.want(ws.OpText, true, "still served")
		time.Sleep(2 * time.Second)
		began := time.Now()
		message := string(masked(ws.NewBinaryFrame(make([]byte, 16<<10))))
		for {
			if _, err := p.conn.Write([]byte(message)); err != nil {
				break
			}
		}
		assert.Equal(t, 6*time.Second, time.Since(began), "3/4 of the timeout")
	})
}
