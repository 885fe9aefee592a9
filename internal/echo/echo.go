// Package echo is the plainest WebSocket server there is, for tests and benchmarks, in a
// process of its own where its memory must not be counted.
package echo

import (
	"fmt"
	"io"
	"net"
	"os"

	"github.com/gobwas/ws"
)

// UntilStdinEnds upgrades and echoes on a port of the loopback, whose address it prints,
// until its standard input ends.
func UntilStdinEnds() {
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
					Serve(c)
				}
			}()
		}
	}()
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// Serve answers every frame of an upgraded connection with its like.
func Serve(c io.ReadWriter) {
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
