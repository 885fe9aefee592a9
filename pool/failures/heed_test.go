package failures

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool"
	"github.com/wsheal/wsheal/pool/heal"
)

// TestRetryAfterLost: the server says when to come back, in a header of an answer that is
// no 101, and the client's library has thrown it away.
func TestRetryAfterLost(t *testing.T) {
	for name, life := range map[string]func(*served){
		"429":         reject(429, "Retry-After: 60\r\n"),
		"503":         reject(503, "Retry-After: 60\r\n"),
		"503 at date": func(c *served) { reject(503, "Retry-After: "+inAMinute()+"\r\n")(c) },
	} {
		for sharing, open := range map[string]func(w *world){
			"pool":  func(w *world) { w.open(flaws{}, nil) },
			"alone": func(w *world) { w.alone(1, flaws{}, nil) },
		} {
			t.Run(name+"/"+sharing, func(t *testing.T) {
				naive, ours := both(t, func(w *world) time.Duration {
					settle(time.Second - w.now()%time.Second) // dates are whole seconds
					w.a.behave(life)
					from := w.now()
					open(w)
					settle(5 * time.Minute)
					all := w.dialed(from)
					require.Greater(w, len(all), 1)
					return all[1] - all[0]
				})
				assert.Less(t, naive, 2*time.Second)
				assert.GreaterOrEqual(t, ours, time.Minute)
				assert.Less(t, ours, 72*time.Second, "ours: up to a fifth later, and not all at once")
			})
		}
	}
	t.Run("1013", func(t *testing.T) {
		naive, ours := both(t, func(w *world) time.Duration {
			w.open(flaws{delay: func(int) time.Duration { return 0 }}, nil)
			settle(time.Minute)
			from := w.now()
			w.a.dismiss(1013)
			settle(5 * time.Minute)
			return w.dialed(from)[0] - from
		})
		assert.Zero(t, naive)
		assert.GreaterOrEqual(t, ours, 500*time.Millisecond, "ours: a step of the backoff, however healthy the connection was")
	})
}

func inAMinute() string { return time.Now().Add(time.Minute).UTC().Format(http.TimeFormat) }

// TestStaleCredentialsLoop: a token expires while the server is away, and 15 clients present
// it for ever.
func TestStaleCredentialsLoop(t *testing.T) {
	const clients = 15
	type found struct{ rejected, refreshed, connected int }
	for _, mended := range []bool{true, false} {
		t.Run(fmt.Sprintf("refreshed=%v", mended), func(t *testing.T) {
			naive, ours := both(t, func(w *world) (f found) {
				var mu sync.Mutex
				valid := "1"
				w.a.behave(func(c *served) {
					request := make([]byte, 4096)
					n, _ := c.Read(request)
					mu.Lock()
					ok := bytes.Contains(request[:n], []byte("Authorization: "+valid+"\r\n"))
					if !ok {
						f.rejected++
					}
					mu.Unlock()
					if !ok {
						fmt.Fprint(c, "HTTP/1.1 401 no\r\nContent-Length: 0\r\n\r\n")
						return
					}
					if c.accept(request[:n]) {
						c.listen()
					}
				})
				if w.ours {
					w.pool(clients, func(c *pool.Config) {
						c.RestartAfter = -1
						c.Credentials = func(ctx context.Context, _ pool.Attempt, rejected *pool.Credentials) (pool.Credentials, error) {
							version := uint64(1)
							if rejected != nil {
								mu.Lock()
								f.refreshed++
								mu.Unlock()
								version = rejected.Version + 1
							}
							return pool.Credentials{Header: http.Header{"Authorization": {fmt.Sprint(version)}}, Version: version}, nil
						}
					})
				} else {
					w.alone(clients, flaws{header: func() http.Header { return http.Header{"Authorization": {"1"}} }}, nil)
				}
				settle(time.Minute)
				require.Len(w, w.a.open(), clients)
				mu.Lock()
				valid = "2"
				if !mended {
					valid = "none"
				}
				mu.Unlock()
				w.a.reset()
				settle(time.Hour)
				mu.Lock()
				defer mu.Unlock()
				f.connected = len(w.a.open())
				return f
			})
			assert.Greater(t, naive.rejected, 100*clients)
			assert.Zero(t, naive.connected)
			if mended {
				assert.Equal(t, clients, ours.connected)
				assert.Equal(t, 1, ours.refreshed, "ours: one refresh for all")
				assert.LessOrEqual(t, ours.rejected, clients, "ours: each is told once at most")
			} else {
				assert.LessOrEqual(t, ours.rejected, 2*clients, "ours: and gives up when new ones are rejected, too")
				assert.LessOrEqual(t, ours.refreshed, 2)
			}
		})
	}
	t.Run("and says so", func(t *testing.T) {
		inWorld(t, true, func(w *world) {
			w.a.behave(reject(401, ""))
			p := w.pool(2, nil)
			watch := p.Watch(w.Context())
			_, err := p.Send(w.within(time.Minute), message("hello"))
			require.ErrorIs(w, err, pool.ErrGaveUp)
			var f *pool.Failure
			require.ErrorAs(w, err, &f)
			assert.Equal(w, heal.Status, f.Cause)
			assert.Equal(w, uint16(401), f.Code)
			for ev := range watch.Events(w.within(time.Second)) {
				if ev.Kind == pool.GaveUp {
					return
				}
			}
			assert.Fail(w, "no event")
		})
	})
}
