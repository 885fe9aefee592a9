package target

import (
	"context"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/gobwas/ws"
)

// BenchmarkEcho is a closed loop over loopback sockets, one message outstanding per
// connection. The client is the cheapest that can be: it writes ready-made frames and
// counts bytes. cpu-us/msg is the CPU time of both sides together, so the
// server's is less than it.
//
//	go test -run - -bench Echo -cpu 2 ./chaos/target
func BenchmarkEcho(b *testing.B) {
	for _, conns := range []int{1, 100} {
		for _, size := range []int{64, 16 << 10} {
			b.Run(fmt.Sprintf("conns=%d/size=%d", conns, size), func(b *testing.B) { benchmarkEcho(b, conns, size) })
		}
	}
}

func benchmarkEcho(b *testing.B, conns, size int) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	s, err := New(Options{})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error)
	go func() { served <- s.Serve(ctx, ln) }()
	defer func() {
		cancel()
		if err := <-served; err != nil {
			b.Error(err)
		}
	}()

	frame := masked(ws.NewBinaryFrame(make([]byte, size)))
	reply := make([]byte, len(ws.MustCompileFrame(ws.NewBinaryFrame(make([]byte, size)))))
	clients := make([]net.Conn, conns)
	for i := range clients {
		if clients[i], _, _, err = (ws.Dialer{}).Dial(ctx, "ws://"+ln.Addr().String()); err != nil {
			b.Fatal(err)
		}
		defer clients[i].Close()
	}

	todo := make(chan struct{}, 1<<10)
	ended := make(chan error, conns)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	b.ResetTimer()
	before := cpuTime()
	for _, c := range clients {
		go func() {
			buf := make([]byte, len(reply))
			for range todo {
				if _, err := c.Write(frame); err != nil {
					ended <- err
					return
				}
				if _, err := io.ReadFull(c, buf); err != nil {
					ended <- err
					return
				}
			}
			ended <- nil
		}()
	}
	for range b.N {
		todo <- struct{}{}
	}
	close(todo)
	for range conns {
		if err := <-ended; err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((cpuTime()-before).Microseconds())/float64(b.N), "cpu-us/msg")
	b.StopTimer()
}

// BenchmarkCapacity is what one handshake costs the decision core, when n wait.
func BenchmarkCapacity(b *testing.B) {
	for _, n := range []int{1, 10_000} {
		b.Run(fmt.Sprintf("waiting=%d", n), func(b *testing.B) {
			c := newCapacity[struct{}](Handshake{Workers: 1, Cost: time.Microsecond})
			tickets := make([]ticket[struct{}], n+1)
			for i := range n {
				c.arrive(0, &tickets[i])
			}
			now := time.Duration(0)
			next := n
			b.ReportAllocs()
			for b.Loop() {
				now += time.Microsecond
				c.arrive(now, &tickets[next])
				next = (next + 1) % (n + 1)
				c.take()
			}
		})
	}
}
