package pool

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// lines is where a log is written to.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestLog(t *testing.T) {
	var log lines
	handler := slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "took" {
			return slog.Attr{}
		}
		return a
	}})
	inWorld(t, func(c *Config) {
		c.Logger = slog.New(handler)
		c.Min, c.Max, c.MinReady = 1, 1, 1
	}, func(w *world) {
		for range 100 {
			_, _ = w.pool.Request(w.Context(), text("req 1"))
		}
		w.a.behave(reject(404, ""))
		w.a.open()[0].reset()
		time.Sleep(10 * time.Second)
		_ = w.pool.Close(w.Context())
		synctest.Wait()
		assert.ElementsMatch(w, []string{
			`level=INFO msg="pool: endpoint changed" endpoint=a health=unknown`,
			`level=INFO msg="pool: connected" connection=0 endpoint=a`,
			`level=INFO msg="pool: endpoint changed" endpoint=a health=healthy`,
			`level=WARN msg="pool: lost" connection=0 endpoint=a cause=reset error="read tcp client:1->10.0.0.1:80: read: connection reset by peer"`,
			`level=ERROR msg="pool: gave up" connection=0 endpoint=a cause=status code=404 error="dial ws://10.0.0.1:80/chat: the server answered 404 no"`,
			`level=INFO msg="pool: closed"`,
		}, strings.Split(strings.TrimSpace(log.String()), "\n"), "nothing per message, and no single attempts")
	})
}
