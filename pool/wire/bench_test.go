package wire

import (
	"bufio"
	"context"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/require"
)

// echoProcess starts this test binary as an echo server and returns its address.
func echoProcess(b testing.TB) string {
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

// idler opens a connection, has one frame echoed on it and leaves it waiting. over is called
// when its reader has ended.
type idler func(b testing.TB, address string, over func()) (end func())

// viaServe lets the connection read itself.
func viaServe(b testing.TB, address string, over func()) func() {
	c, echoed := benchDial(b, address), make(chan struct{}, 1)
	c.Serve(func(_ Frame, err error) bool {
		if err != nil {
			over()
			return false
		}
		echoed <- struct{}{}
		return true
	})
	say(b, c)
	<-echoed
	return c.Kill
}

// viaRead is a goroutine that calls Wait and Read.
func viaRead(b testing.TB, address string, over func()) func() {
	c, echoed := benchDial(b, address), make(chan struct{}, 1)
	go func() {
		defer over()
		for {
			c.Wait()
			if _, err := c.Read(); err != nil {
				return
			}
			echoed <- struct{}{}
		}
	}()
	say(b, c)
	<-echoed
	return c.Kill
}

// bare is what one writes with gobwas/ws alone.
func bare(b testing.TB, address string, over func()) func() {
	c, _, _, err := ws.Dial(context.Background(), "ws://"+address)
	require.NoError(b, err)
	echoed := make(chan struct{}, 1)
	go func() {
		defer over()
		for {
			h, err := ws.ReadHeader(c)
			if err != nil {
				return
			}
			var p [64]byte
			if _, err := c.Read(p[:h.Length]); err != nil {
				return
			}
			echoed <- struct{}{}
		}
	}()
	_, err = c.Write(ws.MustCompileFrame(ws.MaskFrame(ws.NewBinaryFrame(make([]byte, 64)))))
	require.NoError(b, err)
	<-echoed
	return func() { c.Close() }
}

func benchDial(b testing.TB, address string) *Conn {
	d := &Dialer{Epoch: time.Now()}
	c, err := d.Dial(context.Background(), Request{URL: "ws://" + address})
	require.NoError(b, err)
	return c
}

func say(b testing.TB, c *Conn) {
	_, err := c.WriteNow(c.AppendMessage(nil, ws.OpBinary, make([]byte, 64)))
	require.NoError(b, err)
}

// BenchmarkIdle weighs connections that have nothing to do: heap and stacks of this
// process; the server is another.
func BenchmarkIdle(b *testing.B) {
	for _, way := range []struct {
		name string
		open idler
	}{{"serve", viaServe}, {"read", viaRead}, {"gobwas", bare}} {
		b.Run("client="+way.name+"/conns=4000", func(b *testing.B) {
			const conns = 4000
			address := echoProcess(b)
			for range b.N {
				var readers sync.WaitGroup
				ends := make([]func(), conns)
				before := weigh()
				for i := range ends {
					readers.Add(1)
					ends[i] = way.open(b, address, readers.Done)
				}
				after := weigh()
				b.ReportMetric(float64(after.HeapInuse-before.HeapInuse)/conns, "heap-B/conn")
				b.ReportMetric(float64(after.StackInuse-before.StackInuse)/conns, "stack-B/conn")
				for _, end := range ends {
					end()
				}
				readers.Wait()
			}
		})
	}
}

func weigh() (m runtime.MemStats) {
	for range 3 {
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return m
}

// BenchmarkCombine hands several frames over at once: copied into one buffer, or each in a
// buffer of its own by writev. A client masks, so each byte is copied once anyway.
func BenchmarkCombine(b *testing.B) {
	sink := tcp(b, upgraded(func(c *net.TCPConn) {
		for p := make([]byte, 1<<20); ; {
			if _, err := c.Read(p); err != nil {
				return
			}
		}
	}))
	for _, batch := range []struct{ frames, size int }{{1, 64}, {16, 64}, {64, 64}, {4, 16 << 10}} {
		name := "frames=" + strconv.Itoa(batch.frames) + "/size=" + strconv.Itoa(batch.size)
		payload := make([]byte, batch.size)
		b.Run("way=copy/"+name, func(b *testing.B) {
			c := benchDial(b, sink)
			defer c.Kill()
			b.ReportAllocs()
			var all []byte
			for b.Loop() {
				all = all[:0]
				for range batch.frames {
					all = c.AppendFrame(all, ws.OpBinary, payload)
				}
				if _, _, err := c.Write(all, time.Minute); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("way=writev/"+name, func(b *testing.B) {
			c := benchDial(b, sink)
			defer c.Kill()
			b.ReportAllocs()
			frames := make([][]byte, batch.frames)
			for b.Loop() {
				for i := range frames {
					frames[i] = c.AppendFrame(frames[i][:0], ws.OpBinary, payload)
				}
				buffers := net.Buffers(append([][]byte(nil), frames...))
				if _, err := buffers.WriteTo(c.socket.Conn); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
