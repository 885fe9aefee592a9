package conformance

import (
	"context"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/wire"
)

// TestServersAcceptWhatWeSend sends messages of all sizes, in fragments with pings between
// them, deflated and not, to both servers.
func TestServersAcceptWhatWeSend(t *testing.T) {
	w := newWorld(t)
	for _, server := range []string{"gorilla-sink", "coder-sink"} {
		for _, deflate := range []bool{false, true} {
			d := &wire.Dialer{DialContext: w.net.DialContext, Deflate: deflate, Epoch: time.Now()}
			c, err := d.Dial(context.Background(), wire.Request{URL: "ws://" + server})
			require.NoError(t, err)
			require.Equal(t, deflate, c.Deflates())
			for _, size := range append(sizes, 32<<10, 32<<10+1, 300_000) {
				for kind := range 4 {
					text := kind < 2
					p := payload(kind, size, &draw{rest: []byte{byte(size), 1, 2, 3, byte(kind)}})
					op := ws.OpBinary
					if text {
						op = ws.OpText
					}
					sent := make(chan error, 1)
					go func() {
						e := c.Encode(op, p)
						for more := true; more; {
							var b []byte
							b, more = e.Append(nil)
							b = c.AppendFrame(b, ws.OpPing, []byte("between"))
							if _, _, err := c.Write(b, time.Minute); err != nil {
								sent <- err
								return
							}
						}
						sent <- nil
					}()
					got := <-w.echoed
					require.NoError(t, <-sent)
					require.Equal(t, text, got.text)
					require.Equal(t, len(p), len(got.pieces[0]))
					require.Equal(t, string(p), string(got.pieces[0]), "%s of %d bytes", server, size)
				}
			}
			c.Kill()
		}
	}
}
