package serve

import (
	"bytes"
	_ "embed"
	"net/http"
	"time"
)

var (
	//go:embed live.css
	style []byte
	//go:embed live.js
	script []byte
)

// Policies of the pages. The report has one of its own inside, which names its script and
// its style by their digests; a header adds what a page cannot say of itself.
const (
	livePolicy   = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	reportPolicy = "connect-src 'none'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.page)
	mux.HandleFunc("GET /events", s.watch)
	mux.HandleFunc("GET /report", s.report)
	mux.HandleFunc("GET /metrics", s.metrics)
	mux.HandleFunc("GET /live.css", file("text/css; charset=utf-8", style))
	mux.HandleFunc("GET /live.js", file("text/javascript; charset=utf-8", script))
	onlyHere := local(s.listener.Addr())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", livePolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if onlyHere && !ours(r) {
			http.Error(w, "expected a request for localhost", http.StatusForbidden)
			return
		}
		// A watcher that takes nothing must not hold its place for good.
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(askLimit))
		mux.ServeHTTP(w, r)
	})
}

func file(kind string, content []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { answer(w, kind, content) }
}

func answer(w http.ResponseWriter, kind string, content []byte) {
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(content)
}

const textHTML = "text/html; charset=utf-8"

// page is what goes on, or the report when the run is over.
func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	if f := s.finished(); f != nil {
		s.answerReport(w, r, f)
		return
	}
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, "page", s.look()); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer(w, textHTML, b.Bytes())
}

// report is that of what is recorded so far.
func (s *Server) report(w http.ResponseWriter, r *http.Request) {
	if f := s.finished(); f != nil {
		s.answerReport(w, r, f)
		return
	}
	switch page, err := s.soFar.page(); {
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	case page == nil:
		w.Header().Set("Retry-After", "1")
		http.Error(w, "the run has not begun", http.StatusServiceUnavailable)
	default:
		w.Header().Set("Content-Security-Policy", reportPolicy)
		answer(w, textHTML, page)
	}
}

func (s *Server) answerReport(w http.ResponseWriter, r *http.Request, f *Final) {
	w.Header().Set("Content-Security-Policy", reportPolicy)
	answer(w, textHTML, f.Page)
	if r.Method == http.MethodGet {
		s.delivered()
	}
}

func (s *Server) finished() *Final {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.final
}
