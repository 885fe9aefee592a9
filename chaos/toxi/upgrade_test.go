package toxi

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const request = "GET /echo HTTP/1.1\r\nHost: a\r\nX-Wsheal-Client: 7/3\r\nUpgrade: websocket\r\n\r\n"

func TestIdentityOfARequest(t *testing.T) {
	for _, c := range []struct {
		name, stream string
		who          identity
		named, done  bool
	}{
		{"ours", request, identity{client: 7, gen: 3}, true, true},
		{"followed by a frame", request + "\x81\x80\x00\x00\x00\x00", identity{client: 7, gen: 3}, true, true},
		{"bare newlines", strings.ReplaceAll(request, "\r\n", "\n"), identity{client: 7, gen: 3}, true, true},
		{"any case, any space", "GET / HTTP/1.1\r\nx-wSHEAL-client:9/0  \r\n\r\n", identity{client: 9}, true, true},
		{"the first counts", "GET / HTTP/1.1\r\nX-Wsheal-Client: 1/1\r\nX-Wsheal-Client: 2/2\r\n\r\n", identity{client: 1, gen: 1}, true, true},
		{"largest", "GET / HTTP/1.1\r\nX-Wsheal-Client: 9223372036854775807/4294967295\r\n\r\n", identity{client: 1<<63 - 1, gen: 1<<32 - 1}, true, true},
		{"not ours", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", identity{}, false, true},
		{"no generation", "GET / HTTP/1.1\r\nX-Wsheal-Client: 7\r\n\r\n", identity{client: 7}, true, true},
		{"in the query", "GET /a?b=c&wsheal-client=7 HTTP/1.1\r\nHost: a\r\n\r\n", identity{client: 7}, true, true},
		{"in the query, escaped", "GET /?wsheal-client=7%2F3 HTTP/1.1\r\n\r\n", identity{client: 7, gen: 3}, true, true},
		{"in the query, badly escaped", "GET /?wsheal-client=7%2 HTTP/1.1\r\n\r\n", identity{}, false, true},
		{"the header before the query", "GET /?wsheal-client=7 HTTP/1.1\r\nX-Wsheal-Client: 8/1\r\n\r\n", identity{client: 8, gen: 1}, true, true},
		{"no number", "GET / HTTP/1.1\r\nX-Wsheal-Client: a/1\r\n\r\n", identity{}, false, true},
		{"in the foreign range", "GET / HTTP/1.1\r\nX-Wsheal-Client: 9223372036854775808/1\r\n\r\n", identity{}, false, true},
		{"generation too large", "GET / HTTP/1.1\r\nX-Wsheal-Client: 1/4294967296\r\n\r\n", identity{}, false, true},
		{"behind the head", "GET / HTTP/1.1\r\n\r\nX-Wsheal-Client: 7/3\r\n\r\n", identity{}, false, true},
		{"TLS", "\x16\x03\x01\x02\x00\x01", identity{opaque: true}, false, true},
		{"another method", "GETA / HTTP/1.1\r\n", identity{opaque: true}, false, true},
		{"half a request", request[:40], identity{}, false, false},
		{"nothing", "", identity{}, false, false},
		{"too long", "GET / HTTP/1.1\r\nX-Wsheal-Client: 7/3\r\nA: " + strings.Repeat("a", headerLimit), identity{client: 7, gen: 3}, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var r requestReader
			who, named, done := r.feed([]byte(c.stream))
			assert.Equal(t, c.who, who)
			assert.Equal(t, c.named, named)
			assert.Equal(t, c.done, done)
		})
	}
}

func TestIdentityIsReadHoweverTheRequestIsCut(t *testing.T) {
	for cut := range len(request) {
		var r requestReader
		_, _, done := r.feed([]byte(request[:cut]))
		require.False(t, done, "cut at %d", cut)
		who, named, done := r.feed([]byte(request[cut:]))
		require.True(t, done)
		require.True(t, named)
		require.Equal(t, identity{client: 7, gen: 3}, who)
	}
}

func TestStatusIsReadHoweverItIsCut(t *testing.T) {
	const head = "HTTP/1.1 101 Switching Protocols\r\n"
	for cut := range len(head) {
		var r statusReader
		first, second := r.feed([]byte(head[:cut])), r.feed([]byte(head[cut:]))
		require.True(t, first != second, "exactly once, cut at %d", cut)
		require.False(t, r.feed([]byte(head)))
	}
	for _, other := range []string{"HTTP/1.1 503 Busy\r\n", "HTTP/1.0 101 Sw", "\x16\x03\x01 and more of it"} {
		var r statusReader
		assert.False(t, r.feed([]byte(other)), other)
	}
}

// However a stream is cut, the reader says the same of it, once, and keeps no more than
// its limit.
func FuzzRequestReader(f *testing.F) {
	f.Add([]byte(request), uint16(5), uint16(40))
	f.Add([]byte("GET / HTTP/1.1\nx-wsheal-client: 0/0\n\n"), uint16(0), uint16(2))
	f.Add([]byte("\x16\x03\x01"), uint16(1), uint16(1))
	f.Add([]byte("GET "+strings.Repeat("a", headerLimit)), uint16(headerLimit-1), uint16(headerLimit))
	f.Fuzz(func(t *testing.T, stream []byte, a, b uint16) {
		var whole requestReader
		who, named, done := whole.feed(stream)

		i, j := min(int(a), len(stream)), min(int(b), len(stream))
		i, j = min(i, j), max(i, j)
		var r requestReader
		for n, piece := range [][]byte{stream[:i], stream[i:j], stream[j:]} {
			w, nm, d := r.feed(piece)
			if len(r.head) > headerLimit {
				t.Fatalf("keeps %d bytes", len(r.head))
			}
			if !d {
				if n == 2 && done {
					t.Fatal("never done")
				}
				continue
			}
			if !done || nm != named || w != who {
				t.Fatalf("cut: %v %v, whole: %v %v %v", w, nm, who, named, done)
			}
			if nm && w.client >= foreign {
				t.Fatal("a named client in the foreign range")
			}
			return
		}
	})
}

func FuzzStatusReader(f *testing.F) {
	f.Add([]byte("HTTP/1.1 101 Switching Protocols"), uint16(9))
	f.Fuzz(func(t *testing.T, stream []byte, at uint16) {
		var whole, cut statusReader
		i := min(int(at), len(stream))
		got := cut.feed(stream[:i])
		got = cut.feed(stream[i:]) || got
		if want := whole.feed(stream); got != want {
			t.Fatal(fmt.Sprint(got, want))
		}
	})
}
