package failures

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool"
)

// TestUserCodeUnderLock: the application's handler calls back into the client, which holds
// its lock meanwhile.
func TestUserCodeUnderLock(t *testing.T) {
	for name, call := range map[string]func(c client){
		"sends":  func(c client) { _ = c.send("lost") },
		"closes": client.close,
		"asks":   func(c client) { c.connected() },
	} {
		t.Run(name, func(t *testing.T) {
			assertSymptom(t, "the handler never returns", func(w *world) bool {
				var c client
				returned := make(chan struct{})
				receive := func(string) {
					call(c)
					close(returned)
				}
				c = w.open(flaws{locksCallbacks: true, locksWrites: true, receive: receive}, func(c *pool.Config) {
					c.Receive = func(m pool.Message) { receive(string(m.Payload)) }
				})
				settle(time.Minute)
				w.a.say("news")
				settle(time.Minute)
				select {
				case <-returned:
					return false
				default:
					return true
				}
			})
		})
	}
}

// TestHandlerOnTheReader: the handler asks and waits for the answer, which nobody reads, for
// the reader is waiting in the handler.
func TestHandlerOnTheReader(t *testing.T) {
	assertSymptom(t, "the answer never comes", func(w *world) bool {
		var c client
		answered := false
		receive := func(string) {
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			answer, err := c.request(ctx, "req 1")
			answered = err == nil && answer == "res 1"
		}
		c = w.open(flaws{receive: receive}, func(c *pool.Config) {
			c.Receive = func(m pool.Message) { receive(string(m.Payload)) }
		})
		settle(time.Minute)
		w.a.say("news")
		settle(time.Minute)
		return !answered
	})
}

// TestCallbackDeadlock: every function of the user's closes the pool, from where it is called.
// The naive twin is TestUserCodeUnderLock's.
func TestCallbackDeadlock(t *testing.T) {
	for _, from := range []string{"Judge", "Credentials", "Validate", "Request", "Reply", "Topic", "Receive"} {
		t.Run(from, func(t *testing.T) {
			inWorld(t, true, func(w *world) {
				var opened atomic.Pointer[healed]
				var called atomic.Bool
				on := func(name string) {
					if p := opened.Load(); name == from && p != nil && called.CompareAndSwap(false, true) {
						p.Snapshot()
						_ = p.Close(context.Background())
					}
				}
				p := w.pool(1, func(c *pool.Config) {
					c.Judge = func(pool.End) pool.Ruling { on("Judge"); return pool.Ruling{} }
					c.Credentials = func(context.Context, pool.Attempt, *pool.Credentials) (pool.Credentials, error) {
						on("Credentials")
						return pool.Credentials{Header: http.Header{}}, nil
					}
					c.Validate = func(context.Context, pool.Exchange) error { on("Validate"); return nil }
					request, reply := c.Correlate.Request, c.Correlate.Reply
					c.Correlate.Request = func(m pool.Message) (string, bool) { on("Request"); return request(m) }
					c.Correlate.Reply = func(m pool.Message) (string, bool) { on("Reply"); return reply(m) }
					c.Topic = func(m pool.Message) (string, bool) { on("Topic"); return word("event")(m) }
					c.Receive = func(pool.Message) { on("Receive") }
				})
				settle(time.Minute)
				opened.Store(p)
				_, _ = p.request(w.within(time.Second), "req 1")
				w.a.say("news")
				settle(time.Second)
				w.a.reset()
				settle(time.Minute)
				assert.True(w, called.Load())
				assert.Empty(w, w.a.open())
				_, err := p.Send(w.Context(), message("lost"))
				require.ErrorIs(w, err, pool.ErrClosed)
			})
		})
	}
}
