package driver

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/heal"
)

// echoProcess starts this test binary as an echo server and returns its address.
func echoProcess(b *testing.B) string {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serveEcho+"=1")
	in, err := cmd.StdinPipe()
	require.NoError(b, err)
	out, err := cmd.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, cmd.Start())
	b.Cleanup(func() { in.Close(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(b, err)
	return strings.TrimSpace(line)
}

// benchFleet opens a fleet whose clients are usable when it returns. received is called
// for each answer.
func benchFleet(b *testing.B, clients int, received func(Event)) *Fleet {
	b.Helper()
	var usable atomic.Int64
	all := make(chan struct{})
	o := Options{
		Clients: clients, Policy: patient(), QueueFrames: 1 << 16, QueueBytes: 1 << 24,
		Endpoints: []Endpoint{{URL: "ws://" + echoProcess(b)}},
		Observe: func(ev Event) {
			switch {
			case ev.Kind == Received:
				received(ev)
			case ev.Kind == Stepped && ev.Step.Kind == heal.Proved && ev.From == heal.Proving && usable.Add(1) == int64(clients):
				close(all)
			}
		},
	}
	o.Policy.HandshakeTimeout, o.Policy.ProveTimeout = patience, patience
	p, err := Open(o)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, p.Close(context.Background())) })
	for i := range clients {
		p.Start(i)
	}
	<-all
	return p
}

// BenchmarkEcho is a closed loop: every client has one message of 64 bytes under way.
func BenchmarkEcho(b *testing.B) {
	b.Run("conns=100/size=64", func(b *testing.B) {
		const clients = 100
		payload := make([]byte, 64)
		var left, back atomic.Int64
		done := make(chan struct{}, clients)
		var p *Fleet
		next := func(client int) {
			if left.Add(-1) >= 0 {
				if err := p.Send(client, Message{Payload: payload}); err != nil {
					b.Error(err)
				}
			}
		}
		var total int64
		p = benchFleet(b, clients, func(ev Event) {
			if back.Add(1) == total {
				done <- struct{}{}
			}
			next(ev.Client)
		})
		b.ReportAllocs()
		total = int64(b.N)
		left.Store(total)
		b.ResetTimer()
		for i := range clients {
			next(i)
		}
		<-done
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
	})
}

// BenchmarkSend is what Send costs the one goroutine of an open-loop load, at full
// speed over many clients, and what a message costs in all.
func BenchmarkSend(b *testing.B) {
	b.Run("conns=1000/size=64", func(b *testing.B) {
		const clients = 1000
		payload := make([]byte, 64)
		var back atomic.Int64
		done := make(chan struct{})
		var total int64
		p := benchFleet(b, clients, func(Event) {
			if back.Add(1) == total {
				close(done)
			}
		})
		b.ReportAllocs()
		total = int64(b.N)
		b.ResetTimer()
		for i := range b.N {
			for p.Send(i%clients, Message{Payload: payload}) != nil {
				runtime.Gosched()
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N), "ns/send")
		<-done
	})
}

// BenchmarkIdle weighs connections that have nothing to do: heap and stacks of this
// process; the server is another.
func BenchmarkIdle(b *testing.B) {
	b.Run("conns=5000", func(b *testing.B) {
		const clients = 5000
		for range b.N {
			before := weigh()
			p := benchFleet(b, clients, func(Event) {})
			after := weigh()
			b.ReportMetric(float64(after.HeapInuse-before.HeapInuse)/clients, "heap-B/conn")
			b.ReportMetric(float64(after.StackInuse-before.StackInuse)/clients, "stack-B/conn")
			require.NoError(b, p.Close(context.Background()))
		}
	})
}

func weigh() (m runtime.MemStats) {
	for range 3 {
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return m
}
