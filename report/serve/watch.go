package serve

import (
	"bytes"
	"io"
	"net/http"
	"time"
)

// watch sends the state as HTML whenever it changes, and "end" when the report is there.
func (s *Server) watch(w http.ResponseWriter, r *http.Request) {
	if !s.enter() {
		w.Header().Set("Retry-After", "5")
		http.Error(w, "too many pages are open", http.StatusServiceUnavailable)
		return
	}
	defer s.exit()
	w.Header().Set("Content-Type", "text/event-stream")
	to := http.NewResponseController(w)
	for {
		drawn, changed, end := s.current()
		_ = to.SetWriteDeadline(time.Now().Add(askLimit))
		err := send(w, "state", drawn)
		if end {
			err = send(w, "end", nil)
		}
		if err != nil || to.Flush() != nil || end {
			return
		}
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		case <-s.leaving:
			return
		}
	}
}

// send writes one event, whose lines each begin with their field's name.
func send(w io.Writer, name string, data []byte) error {
	var b bytes.Buffer
	b.WriteString("event: " + name + "\n")
	for line := range bytes.SplitSeq(data, []byte("\n")) {
		b.WriteString("data: ")
		b.Write(line)
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	_, err := w.Write(b.Bytes())
	return err
}

func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.watched == watchers {
		return false
	}
	s.watched++
	return true
}

// exit forgets a page. One that goes before the report is there will not ask for it.
func (s *Server) exit() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watched--
}

// current is the state drawn, what is closed when there is another, and whether there
// will be none.
func (s *Server) current() (drawn []byte, changed <-chan struct{}, end bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.drawn == nil {
		var b bytes.Buffer
		if err := pages.ExecuteTemplate(&b, "state", s.looking()); err != nil {
			b.Reset()
			b.WriteString("<p>the state cannot be drawn</p>")
		}
		s.drawn = b.Bytes()
	}
	return s.drawn, s.changed, s.final != nil
}
