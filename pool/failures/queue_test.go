package failures

import (
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool"
)

// TestUnboundedQueue: the server is away, and what is to be sent waits in memory until there
// is none left.
func TestUnboundedQueue(t *testing.T) {
	for name, c := range map[string]struct{ messages, size, per, limit int }{
		"frames": {20_000, 1, 1, 1024},
		"bytes":  {1000, 10 << 10, 10 << 10, 256 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			text := string(make([]byte, c.size))
			naive, ours := both(t, func(w *world) (kept int) {
				client := w.open(flaws{queues: true}, func(c *pool.Config) { c.QueueFull = pool.FailFast })
				settle(time.Minute)
				w.a.down()
				synctest.Wait()
				for range c.messages {
					err := client.send(text)
					if err == nil {
						kept++
					} else {
						require.True(w, errors.Is(err, pool.ErrQueueFull) || errors.Is(err, pool.ErrNoConnection), "%v", err)
					}
				}
				return kept
			})
			assert.Equal(t, c.messages, naive)
			assert.LessOrEqual(t, ours*c.per, c.limit)
		})
	}
	t.Run("and the server stalls", func(t *testing.T) {
		inWorld(t, true, func(w *world) {
			p := w.pool(1, func(c *pool.Config) { c.QueueFull = pool.FailFast })
			settle(time.Minute)
			w.halfOpen(true)
			kept := 0
			for range 1000 {
				if p.send(string(make([]byte, 10<<10))) == nil {
					kept += 10 << 10
				}
				synctest.Wait()
			}
			assert.LessOrEqual(w, kept, 256<<10+64<<10+10<<10, "what the queue and the kernel's buffer hold, and the one in between")
			assert.GreaterOrEqual(w, kept, 256<<10)
		})
	})
}

// TestSlowConsumer: the server sends faster than the application takes.
func TestSlowConsumer(t *testing.T) {
	const flood = 20_000
	frame := ws.MustCompileFrame(ws.NewTextFrame(make([]byte, 1<<10)))
	naive, ours := both(t, func(w *world) (taken int) {
		w.a.behave(func(c *served) {
			if !c.upgrade() {
				return
			}
			go func() {
				c.sleep(time.Minute)
				for range flood {
					if _, err := c.Conn.Write(frame); err != nil {
						return
					}
					w.a.mu.Lock()
					taken++
					w.a.mu.Unlock()
				}
			}()
			c.listen()
		})
		w.open(flaws{hoards: true}, func(c *pool.Config) {
			c.Receive = func(pool.Message) { <-w.quit }
		})
		settle(10 * time.Minute)
		if w.ours {
			assert.Len(w, w.a.open(), 1, "and the connection is none the worse for it")
		}
		w.a.mu.Lock()
		defer w.a.mu.Unlock()
		return taken
	})
	assert.Equal(t, flood, naive)
	assert.Less(t, ours, 1000, "ours: 256 are held, and as many between, then nothing is read")
}

// TestMemoryDoS: ten bytes of a frame's header promise more than there is.
func TestMemoryDoS(t *testing.T) {
	for name, length := range map[string]int64{"64 MiB": 64 << 20, "2^62": 1 << 62} {
		t.Run(name, func(t *testing.T) {
			naive, ours := both(t, func(w *world) (bytes uint64) {
				w.a.behave(func(c *served) {
					if !c.upgrade() {
						return
					}
					go func() {
						c.sleep(time.Minute)
						_ = ws.WriteHeader(c.Conn, ws.Header{Fin: true, OpCode: ws.OpBinary, Length: length})
					}()
					c.listen()
				})
				if !w.ours && length > 1<<40 {
					// make panics, and the process with it.
					assert.Panics(w, func() { _ = make([]byte, length) })
					return uint64(length)
				}
				w.open(flaws{believesHeaders: true}, nil)
				settle(59 * time.Second)
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				settle(time.Minute)
				runtime.ReadMemStats(&after)
				if w.ours {
					assert.Equal(w, []uint16{1009}, w.a.all()[0].closes())
				}
				return after.TotalAlloc - before.TotalAlloc
			})
			assert.GreaterOrEqual(t, naive, uint64(length))
			assert.Less(t, ours, uint64(4<<20))
		})
	}
}
