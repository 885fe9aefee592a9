package target

import (
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/internal/memnet"
)

// upgrade sends an upgrade request and reports when its answer came, and which; 0: none.
func upgrade(p *peer, client string, answers func(status int)) {
	p.send(requestOf(client))
	res, err := p.response()
	if err != nil {
		answers(0)
		return
	}
	answers(res.StatusCode)
}

func TestCapacityIsExact(t *testing.T) {
	for _, c := range []struct {
		name string
		h    Handshake
	}{
		{"1 worker", Handshake{Workers: 1, Cost: 2 * time.Millisecond}},
		{"4 workers", Handshake{Workers: 4, Cost: 8 * time.Millisecond}},
		{"newest first", Handshake{Workers: 1, Cost: 2 * time.Millisecond, LIFO: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const n = 1000
				w := inMemory(t, Options{Handshake: c.h})
				began := time.Now()
				var mu sync.Mutex
				at := map[time.Duration]int{} // answers by time
				var all sync.WaitGroup
				for i := range n {
					p := w.connect()
					all.Go(func() {
						upgrade(p, name(i), func(status int) {
							mu.Lock()
							defer mu.Unlock()
							assert.Equal(t, http.StatusSwitchingProtocols, status)
							at[time.Since(began)]++
						})
					})
				}
				all.Wait()
				assert.Equal(t, 2*time.Second, time.Since(began))
				want := map[time.Duration]int{}
				for i := 1; i <= n/c.h.Workers; i++ {
					want[time.Duration(i)*c.h.Cost] = c.h.Workers
				}
				assert.Equal(t, want, at)
				assert.Equal(t, Stats{Live: n, Accepted: n, Upgraded: n}, w.Stats())
			})
		})
	}
}

func TestDiscipline(t *testing.T) {
	for _, c := range []struct {
		lifo bool
		want []int
	}{{false, []int{0, 1, 2, 3}}, {true, []int{0, 3, 2, 1}}} {
		synctest.Test(t, func(t *testing.T) {
			w := inMemory(t, Options{Handshake: Handshake{Workers: 1, Cost: time.Second, LIFO: c.lifo}})
			order := make(chan int, 4)
			for i := range 4 {
				p := w.connect()
				go upgrade(p, name(i), func(int) { order <- i })
				synctest.Wait()
			}
			assert.EqualValues(t, 3, w.Stats().Queue)
			var got []int
			for range 4 {
				got = append(got, <-order)
			}
			assert.Equal(t, c.want, got)
		})
	}
}

func TestClientsThatLeave(t *testing.T) {
	for _, c := range []struct {
		stale bool
		last  time.Duration // when the last of three, of whom the second has left, is served
		want  Stats
	}{
		{false, 20 * time.Millisecond, Stats{Live: 2, Accepted: 3, Upgraded: 2, Left: 1}},
		{true, 30 * time.Millisecond, Stats{Live: 2, Accepted: 3, Upgraded: 2, Stale: 1}},
	} {
		for _, reset := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				w := inMemory(t, Options{Handshake: Handshake{Workers: 1, Cost: 10 * time.Millisecond, StaleWork: c.stale}})
				began := time.Now()
				first, second, third := w.connect(), w.connect(), w.connect()
				var all sync.WaitGroup
				all.Go(func() { upgrade(first, "0/1", func(status int) { assert.Equal(t, 101, status) }) })
				synctest.Wait()
				second.send(requestOf("1/1"))
				synctest.Wait()
				all.Go(func() { upgrade(third, "2/1", func(status int) { assert.Equal(t, 101, status) }) })
				time.Sleep(5 * time.Millisecond)
				if reset {
					second.conn.(interface{ Reset() }).Reset()
				} else {
					second.conn.Close()
				}
				all.Wait()
				assert.Equal(t, c.last, time.Since(began))
				assert.Equal(t, c.want, w.Stats())
				assert.Equal(t, []Session{{0, 1}, {2, 1}}, w.Sessions())
			})
		}
	}
}

// A client that leaves while a worker is on it has cost what it costs.
func TestClientThatLeavesDuringItsHandshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := inMemory(t, Options{Handshake: Handshake{Workers: 1, Cost: 10 * time.Millisecond}})
		began := time.Now()
		first, second := w.connect(), w.connect()
		first.send(requestOf("0/1"))
		synctest.Wait()
		first.conn.Close()
		upgrade(second, "1/1", func(status int) { assert.Equal(t, 101, status) })
		assert.Equal(t, 20*time.Millisecond, time.Since(began))
		assert.Equal(t, Stats{Live: 1, Accepted: 2, Upgraded: 1, Stale: 1}, w.Stats())
	})
}

// The limit of the request's time is not one of the wait for a worker, nor does it make
// the server blind to clients that leave.
func TestLongWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := inMemory(t, Options{RequestTimeout: time.Second, Handshake: Handshake{Workers: 1, Cost: time.Hour}})
		began := time.Now()
		first, second, third := w.connect(), w.connect(), w.connect()
		for i, p := range []*peer{first, second, third} {
			p.send(requestOf(name(i)))
			synctest.Wait()
		}
		time.Sleep(30 * time.Minute)
		second.conn.Close()
		synctest.Wait()
		assert.Equal(t, Stats{Accepted: 3, Queue: 1, Left: 1}, w.Stats())
		res, err := third.response()
		require.NoError(t, err)
		assert.Equal(t, 101, res.StatusCode)
		assert.Equal(t, 2*time.Hour, time.Since(began))
	})
}

// An answer that cannot be written was work for a client that had left.
func TestAnswerThatDoesNotArrive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n memnet.Network
		ln, err := n.Listen("target:1")
		require.NoError(t, err)
		w := serve(t, Options{}, unwritable{ln}, func() (net.Conn, error) { return n.DialContext(t.Context(), "tcp", "target:1") })
		p := w.connect()
		p.send(requestOf("1/1"))
		p.wantEnd()
		synctest.Wait()
		assert.Equal(t, Stats{Accepted: 1, Stale: 1}, w.Stats())
	})
}

// unwritable accepts connections that can only be read.
type unwritable struct{ net.Listener }

func (l unwritable) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return readOnly{conn}, err
}

type readOnly struct{ net.Conn }

func (readOnly) Write([]byte) (int, error) { return 0, syscall.EPIPE }

// overflowing is a server whose worker and queue are taken for an hour.
func overflowing(t *testing.T, h Handshake) *world {
	t.Helper()
	h.Workers, h.Cost, h.Queue = 1, time.Hour, 1
	w := onSockets(t, Options{Handshake: h})
	for i := range 2 {
		w.connect().send(requestOf(name(i)))
	}
	require.Eventually(t, func() bool { return w.Stats().Queue == 1 }, time.Minute, time.Millisecond)
	return w
}

func TestOverflow(t *testing.T) {
	t.Run("503", func(t *testing.T) {
		w := overflowing(t, Handshake{})
		p := w.connect()
		p.send(requestOf("9/1"))
		res, err := p.response()
		require.NoError(t, err)
		assert.Equal(t, http.StatusServiceUnavailable, res.StatusCode)
		assert.True(t, res.Close)
		assert.Empty(t, res.Header.Values("Retry-After"))
		p.wantEnd()
		assert.EqualValues(t, 1, w.Stats().Rejected)
	})
	t.Run("503 with Retry-After", func(t *testing.T) {
		w := overflowing(t, Handshake{Overflow: Overflow503, RetryAfter: 3 * time.Second})
		_, _, _, err := ws.Dialer{}.Dial(t.Context(), "ws://"+w.connect().conn.RemoteAddr().String())
		require.Equal(t, ws.StatusError(503), err)
		p := w.connect()
		p.send(requestOf("9/1"))
		res, err := p.response()
		require.NoError(t, err)
		assert.Equal(t, "3", res.Header.Get("Retry-After"))
	})
	t.Run("reset", func(t *testing.T) {
		w := overflowing(t, Handshake{Overflow: OverflowReset})
		p := w.connect()
		p.send(requestOf("9/1"))
		_, err := p.r.ReadByte()
		require.ErrorIs(t, err, syscall.ECONNRESET)
		assert.EqualValues(t, 1, w.Stats().Rejected)
	})
	t.Run("hang", func(t *testing.T) {
		w := overflowing(t, Handshake{Overflow: OverflowHang})
		p := w.connect()
		p.send(requestOf("9/1"))
		require.Eventually(t, func() bool { return w.Stats().Rejected == 1 }, time.Minute, time.Millisecond)
		require.NoError(t, p.conn.(interface{ CloseWrite() error }).CloseWrite())
		p.wantEnd() // and not a byte before
	})
}

func TestHangLastsUntilTheClientLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := inMemory(t, Options{Handshake: Handshake{Workers: 1, Cost: 1000 * time.Hour, Queue: 1, Overflow: OverflowHang}})
		for i := range 2 {
			w.connect().send(requestOf(name(i)))
			synctest.Wait()
		}
		p := w.connect()
		p.send(requestOf("2/1"))
		require.NoError(t, p.conn.SetReadDeadline(time.Now().Add(24*time.Hour)))
		_, err := p.r.ReadByte()
		require.ErrorContains(t, err, "timeout")
	})
}

func TestBurntCapacity(t *testing.T) {
	w := onSockets(t, Options{Handshake: Handshake{Workers: 2, Cost: 5 * time.Millisecond, Burn: true}})
	var all sync.WaitGroup
	for i := range 10 {
		p := w.connect()
		all.Go(func() { upgrade(p, name(i), func(status int) { assert.Equal(t, 101, status) }) })
	}
	all.Wait()
	assert.Equal(t, Stats{Live: 10, Accepted: 10, Upgraded: 10}, w.Stats())
}

func TestEndOfServerEndsEverything(t *testing.T) {
	for _, burn := range []bool{false, true} {
		w := onSockets(t, Options{Handshake: Handshake{Workers: 1, Cost: time.Hour, Burn: burn}})
		peers := []*peer{w.connect(), w.connect(), w.connect()}
		for i, p := range peers[:2] {
			p.send(requestOf(name(i)))
		}
		require.Eventually(t, func() bool { return w.Stats().Queue == 1 }, time.Minute, time.Millisecond)
		w.stop()
		for _, p := range peers {
			_, err := p.r.ReadByte()
			require.Error(t, err)
		}
		assert.Zero(t, w.Stats().Upgraded)
	}
}

func TestSlowRequestsAreEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := inMemory(t, Options{RequestTimeout: 10 * time.Second})
		p := w.connect()
		began := time.Now()
		for _, b := range []byte(requestOf("1/1")) {
			if _, err := p.conn.Write([]byte{b}); err != nil {
				break
			}
			time.Sleep(time.Second)
		}
		assert.Equal(t, 10*time.Second, time.Since(began).Truncate(10*time.Second))
		assert.Equal(t, Stats{Accepted: 1, Malformed: 1}, w.Stats())
	})
}

func TestRequestsThatAreNone(t *testing.T) {
	good := requestOf("1/1")
	for _, c := range []struct {
		name    string
		request string
		status  int
	}{
		{"a plain GET", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
		{"a POST", strings.Replace(good, "GET", "POST", 1), 405},
		{"HTTP/1.0", strings.Replace(good, "HTTP/1.1", "HTTP/1.0", 1), 505},
		{"another version", strings.Replace(good, "Version: 13", "Version: 12", 1), 426},
		{"a short key", strings.Replace(good, "dGhlIHNhbXBsZSBub25jZQ==", "abc", 1), 400},
		{"a bad identity", strings.Replace(good, "1/1", "me", 1), 400},
		{"no HTTP", "\x16\x03\x01 ClientHello\r\n\r\n", 400},
		{"too large", good[:len(good)-2] + "X-Long: " + strings.Repeat("x", maxRequest) + "\r\n\r\n", 431},
		{"too large, without an end", strings.Repeat("x", 3*maxRequest), 431},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := onSockets(t, Options{})
			p := w.connect()
			p.send(c.request)
			res, err := p.response()
			require.NoError(t, err)
			assert.Equal(t, c.status, res.StatusCode)
			_, err = io.Copy(io.Discard, p.r)
			require.NoError(t, err)
			assert.Equal(t, Stats{Accepted: 1, Malformed: 1}, w.Stats())
		})
	}
}

func TestSubprotocolAndForeignClients(t *testing.T) {
	w := onSockets(t, Options{})
	addr := w.connect().conn.RemoteAddr().String()
	conn, _, hs, err := ws.Dialer{Protocols: []string{"chat", "other"}}.Dial(t.Context(), "ws://"+addr+"/path?query")
	require.NoError(t, err)
	defer conn.Close()
	assert.Equal(t, "chat", hs.Protocol)
	assert.EqualValues(t, 1, w.Stats().Live)
	assert.Empty(t, w.Sessions(), "who does not say who it is is counted, not listed")
}
