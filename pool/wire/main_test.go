package wire

import (
	"fmt"
	"io"
	"net"
	"os"
	"testing"

	"github.com/gobwas/ws"
	"go.uber.org/goleak"
)

// serveEcho, set in the environment, makes the test binary an echo server until its
// stdin ends: benchmarks of memory must not weigh the server too.
const serveEcho = "WSHEAL_WIRE_TEST_SERVE_ECHO"

func TestMain(m *testing.M) {
	if os.Getenv(serveEcho) != "" {
		echoUntilStdinEnds()
		return
	}
	if os.Getenv(showProxies) != "" {
		for _, u := range environed {
			proxy, err := new(Dialer).Through(u)
			if proxy == nil || err != nil {
				fmt.Println("none")
				continue
			}
			fmt.Println(proxy)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

func echoUntilStdinEnds() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(l.Addr())
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if _, err := ws.Upgrade(c); err == nil {
					echo(c)
				}
			}()
		}
	}()
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// echo answers every frame of an upgraded connection with its like.
func echo(c io.ReadWriter) {
	for {
		h, err := ws.ReadHeader(c)
		if err != nil {
			return
		}
		p := make([]byte, h.Length)
		if _, err := io.ReadFull(c, p); err != nil {
			return
		}
		ws.Cipher(p, h.Mask, 0)
		op := h.OpCode
		if op == ws.OpPing {
			op = ws.OpPong
		}
		if _, err := c.Write(ws.MustCompileFrame(ws.NewFrame(op, h.Fin, p))); err != nil || op == ws.OpClose {
			return
		}
	}
}
