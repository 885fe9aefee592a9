package pool

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestCallbacksMayCallEverything: every function of the user's calls every method of the
// pool, the first time that it is called. Each call may take a while, none for ever, and
// the pool works on.
func TestCallbacksMayCallEverything(t *testing.T) {
	var (
		mu     sync.Mutex
		called = map[string]bool{}
		all    func(name string)
	)
	once := func(name string) {
		mu.Lock()
		first := !called[name]
		called[name] = true
		call := all
		mu.Unlock()
		if first && call != nil {
			call(name)
		}
	}
	change := func(c *Config) {
		c.Max = 8
		c.Judge = func(End) Ruling { once("Judge"); return Ruling{} }
		c.Credentials = func(context.Context, Attempt, *Credentials) (Credentials, error) {
			once("Credentials")
			return Credentials{Header: http.Header{"X-Who": {"me"}}}, nil
		}
		c.Validate = func(ctx context.Context, x Exchange) error {
			once("Validate")
			if err := x.Send(ctx, text("req hello")); err != nil {
				return err
			}
			_, err := x.Receive(ctx, nil)
			return err
		}
		c.Correlate = Correlate{
			Request: func(m Message) (string, bool) { once("Request"); return word("req")(m) },
			Reply:   func(m Message) (string, bool) { once("Reply"); return word("res")(m) },
		}
		c.Topic = func(m Message) (string, bool) { once("Topic"); return word("event")(m) }
		c.Receive = func(Message) { once("Receive") }
	}
	inWorld(t, change, func(w *world) {
		session := func(name string) SessionConfig {
			return SessionConfig{
				Key:    name,
				Ack:    func(m Message) (Ack, bool) { once("Ack"); return acks(m) },
				Hello:  func(s State) Message { once("Hello"); return text("hello %s", s.Key) },
				Accept: func(m Message) (Continuity, error) { once("Accept"); return resumes(m) },
			}
		}
		subscription := func(name string) SubscribeConfig {
			return SubscribeConfig{
				Topic: name, Message: text("sub %s", name),
				Again: func(*Message) Message { once("Again"); return text("sub %s", name) },
				Confirm: func(m Message) (Continuity, bool) {
					once("Confirm")
					return confirmed(name)(m)
				},
			}
		}
		a, err := w.pool.Session(w.within(time.Hour), session("before"))
		require.NoError(w, err)
		sub, err := w.pool.Subscribe(w.within(time.Hour), subscription("before"))
		require.NoError(w, err)

		mu.Lock()
		clear(called)
		all = func(name string) {
			ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
			defer cancel()
			if r, err := w.pool.Send(ctx, text("lost %s", name)); err == nil {
				r.Outcome()
			}
			_, _ = w.pool.Request(ctx, text("req %s", name))
			if s, err := w.pool.Subscribe(ctx, subscription(name)); err == nil {
				s.Close()
			}
			if s, err := w.pool.Session(ctx, session(name)); err == nil {
				_ = s.Close(ctx)
			}
			if l, err := w.pool.Acquire(ctx); err == nil {
				_, _ = l.Send(ctx, text("lost"))
				l.Release()
			}
			_ = w.pool.Resize(2, 8)
			w.pool.Renew()
			w.pool.Restart()
			w.pool.Window(time.Second)
			_ = w.pool.SetEndpoints(w.config.Endpoints)
			w.pool.Watch(ctx)
			w.pool.Snapshot()
		}
		mu.Unlock()
		for _, c := range w.a.open() {
			c.say("news")
			c.say("event before 1")
		}
		_, err = a.Send(w.Context(), numbered(1))
		require.NoError(w, err)
		_, _ = w.pool.Request(w.within(10*time.Second), text("req mine"))
		for _, c := range w.a.open() {
			c.reset()
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()

		mu.Lock()
		for _, name := range []string{
			"Judge", "Credentials", "Validate", "Request", "Reply", "Topic", "Receive", "Ack", "Hello", "Accept", "Again", "Confirm",
		} {
			assert.True(w, called[name], name)
		}
		mu.Unlock()
		_, err = w.pool.Request(w.within(time.Minute), text("req after"))
		require.NoError(w, err)
		w.a.publish("before", "2")
		assert.True(w, strings.HasSuffix(strings.Join(heard(sub.Next), " "), "event before 2"))
		_, err = a.Send(w.within(time.Minute), numbered(2))
		require.NoError(w, err)
		require.NoError(w, a.Close(w.within(time.Minute)))
	})
}

// TestCallbacksMayClose: Close and Drain from the user's own functions end the pool, and
// wait for themselves no longer than 5 s.
func TestCallbacksMayClose(t *testing.T) {
	for name, end := range map[string]func(*Pool) error{
		"Close": func(p *Pool) error { return p.Close(context.Background()) },
		"Drain": func(p *Pool) error { return p.Drain(context.Background()) },
	} {
		for _, where := range []string{"Receive", "Topic", "Judge", "Validate", "Reply"} {
			t.Run(name+" in "+where, func(t *testing.T) {
				var p *Pool
				var begun time.Time
				ended := false
				once := func(at string) {
					if at == where && p != nil && begun.IsZero() {
						begun = time.Now()
						_ = end(p)
						ended = true
					}
				}
				inWorld(t, func(c *Config) {
					c.Receive = func(Message) { once("Receive") }
					c.Topic = func(Message) (string, bool) { once("Topic"); return "", false }
					c.Judge = func(End) Ruling { once("Judge"); return Ruling{} }
					c.Correlate.Reply = func(Message) (string, bool) { once("Reply"); return "", false }
					c.Validate = func(ctx context.Context, x Exchange) error {
						once("Validate")
						if err := x.Send(ctx, text("req hello")); err != nil {
							return err
						}
						_, err := x.Receive(ctx, nil)
						return err
					}
				}, func(w *world) {
					p, w.byForce = w.pool, true
					for _, c := range w.a.open() {
						c.say("news")
						synctest.Wait()
						c.reset()
					}
					time.Sleep(time.Minute)
					synctest.Wait()
					assert.True(w, ended)
					assert.Empty(w, w.a.open())
					_, err := w.pool.Send(w.Context(), text("x"))
					require.ErrorIs(w, err, ErrClosed)
				})
			})
		}
	}
}
