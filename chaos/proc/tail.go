package proc

import (
	"strings"
	"sync"
)

const tailSize = 8 << 10

// tail keeps the last bytes that were written to it, from several goroutines at once.
type tail struct {
	mu  sync.Mutex
	buf []byte
	cut bool // something before buf was dropped
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	// Dropping at twice the size, not at each byte over it, copies every byte once.
	if len(t.buf) > 2*tailSize {
		t.buf = append(t.buf[:0], t.buf[len(t.buf)-tailSize:]...)
		t.cut = true
	}
	return len(p), nil
}

// String is what was kept, without the line whose start was lost.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	s, cut := string(t.buf), t.cut
	if len(s) > tailSize {
		s, cut = s[len(s)-tailSize:], true
	}
	if cut {
		if _, whole, ok := strings.Cut(s, "\n"); ok {
			s = whole
		}
	}
	return s
}
